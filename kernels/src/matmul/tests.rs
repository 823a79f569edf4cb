//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::batch_matmul::{BatchMatmulParams, MatmulShape, batch_matmul, batch_matmul_f32};
use proptest::prelude::*;

use super::*;
use crate::isa::Isa;
use crate::layer::{Layer, run_all};
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, to_reference};

/// Products with all their parameters.
#[derive(Clone, Debug)]
struct Case {
    /// Left and right matrices; one of them may be one.
    counts: [usize; 2],
    rows: usize,
    depth: usize,
    columns: usize,
    adjoint: [bool; 2],
    fill: Fill,
    threads: usize,
    seed: u64,
}

impl Case {
    fn shapes(&self) -> [[usize; 3]; 2] {
        let left = if self.adjoint[0] { [self.depth, self.rows] } else { [self.rows, self.depth] };
        let right = if self.adjoint[1] { [self.columns, self.depth] } else { [self.depth, self.columns] };
        [[self.counts[0], left[0], left[1]], [self.counts[1], right[0], right[1]]]
    }

    fn products(&self) -> Vec<[usize; 2]> {
        let count = self.counts[0].max(self.counts[1]);
        (0..count).map(|index| self.counts.map(|count| if count == 1 { 0 } else { index })).collect()
    }

    /// Runs the kernels on operands in the form of each storage type.
    fn compare(
        &self,
        failures: &mut Failures,
        elements: impl Fn(Isa) -> Elements,
        operands: [(&[u8], bool); 2],
        (expected, size): (&[u8], usize),
    ) {
        for_each_isa(|isa| {
            let mask = isa.storage().xor_mask(true);
            let layer = prepare(
                isa,
                &MatmulSpec {
                    elements: elements(isa),
                    products: &self.products(),
                    rows: self.rows,
                    depth: self.depth,
                    columns: self.columns,
                    adjoint: self.adjoint,
                    threads: self.threads,
                },
            );
            let stored = operands.map(|(bytes, of_8_bits)| {
                let mask = if of_8_bits { mask } else { 0 };
                // An element type of its own keeps the bytes aligned.
                let mut aligned = vec![0_u64; bytes.len().div_ceil(8)];
                for (target, byte) in bytemuck::cast_slice_mut::<u64, u8>(&mut aligned).iter_mut().zip(bytes) {
                    *target = byte ^ mask;
                }
                aligned
            });
            let rows = expected.len() / size / self.columns;
            let mut output = Guarded::new(rows, size * self.columns, size * self.columns);
            let views = stored.each_ref().map(|operand| bytemuck::cast_slice::<u64, u8>(operand));
            run_all(&layer, &views, &mut [output.view()]);
            let got = output.dense(if size == 1 { mask } else { 0 });
            failures.compare(got, expected, || format!("{} {self:?}", layer.kernel()));
        });
    }

    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let shapes = self.shapes();
        let [left_len, right_len] = shapes.map(|shape| shape.iter().product::<usize>());
        let results = self.products().len() * self.rows * self.columns;
        let shape = MatmulShape {
            left: &shapes[0],
            right: &shapes[1],
            left_adjoint: self.adjoint[0],
            right_adjoint: self.adjoint[1],
        };
        let multiplier = random.multiplier(-16, 2);
        let zeros = [0; 3].map(|_: i32| random.within(-128, 127));
        let mut params = BatchMatmulParams {
            shape,
            left_zero_point: zeros[0],
            right_zero_point: zeros[1],
            multiplier: to_reference(multiplier),
            output_zero_point: zeros[2],
        };

        let (x, y) = (random.bytes(left_len, self.fill), random.bytes(right_len, self.fill));
        let mut expected = vec![0_i8; results];
        batch_matmul::<i8, i8, i32>(&params, as_signed(&x), as_signed(&y), &mut expected);
        let eight = |isa: Isa| {
            let offset = isa.storage().offset_from(true);
            let zeros = zeros.map(|zero| zero + offset);
            Elements::Eight { zeros, multiplier, output_offset: offset }
        };
        self.compare(failures, eight, [(&x, true), (&y, true)], (as_bytes(&expected), 1));

        (params.left_zero_point, params.right_zero_point, params.output_zero_point) = (0, 0, 0);
        let (wide_x, wide_y) = (random.words(left_len, self.fill), random.words(right_len, self.fill));
        let mut expected = vec![0_i16; results];
        batch_matmul::<i16, i8, i64>(&params, &wide_x, as_signed(&y), &mut expected);
        let by_eight = |isa: Isa| Elements::SixteenByEight { right_zero: isa.storage().offset_from(true), multiplier };
        let [left, right] = [bytemuck::cast_slice(&wide_x), bytemuck::cast_slice(&wide_y)];
        self.compare(failures, by_eight, [(left, false), (&y, true)], (bytemuck::cast_slice(&expected), 2));

        batch_matmul::<i16, i16, i64>(&params, &wide_x, &wide_y, &mut expected);
        let sixteen = |_| Elements::Sixteen { multiplier };
        self.compare(failures, sixteen, [(left, false), (right, false)], (bytemuck::cast_slice(&expected), 2));

        let mut floats = |len: usize| -> Vec<f32> { (0..len).map(|_| random.next() as f32 * 1e-9 - 2.0).collect() };
        let (x, y) = (floats(left_len), floats(right_len));
        let mut expected = vec![0.0_f32; results];
        batch_matmul_f32(&shape, &x, &y, &mut expected);
        let operands = [(bytemuck::cast_slice(&x), false), (bytemuck::cast_slice(&y), false)];
        self.compare(failures, |_| Elements::Float, operands, (bytemuck::cast_slice(&expected), 4));
    }
}

#[test]
fn every_size_is_exact() {
    let mut failures = Failures::default();
    let plain = Case {
        counts: [1, 1],
        rows: 5,
        depth: 9,
        columns: 18,
        adjoint: [false; 2],
        fill: Fill::Random,
        threads: 1,
        seed: 1,
    };
    for rows in (1..=14).chain([95, 96, 97, 200]) {
        Case { rows, seed: rows as u64, ..plain.clone() }.check(&mut failures);
    }
    for columns in (1..=35).chain([64]) {
        Case { columns, seed: columns as u64, ..plain.clone() }.check(&mut failures);
    }
    for depth in [1, 2, 3, 255, 256, 257, 511, 512, 513, 1000] {
        for fill in Fill::ALL {
            Case { depth, fill, ..plain.clone() }.check(&mut failures);
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_products_are_exact(
        counts in prop_oneof![Just([1, 1]), Just([3, 3]), Just([1, 4]), Just([2, 1])],
        rows in 1..120usize,
        depth in 1..40usize,
        columns in 1..40usize,
        adjoint in any::<[bool; 2]>(),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        Case { counts, rows, depth, columns, adjoint, fill: Fill::Random, threads, seed }.check(&mut failures);
        failures.finish();
    }
}
