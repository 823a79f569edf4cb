//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ops::add::{AddParams, add, sub};
use ottava_ref::ops::mul::{MulParams, mul};
use ottava_ref::scales::AddMultipliers;
use ottava_ref::{ActivationRange, Operand};

use super::*;
use crate::layer::run_all;
use crate::memory::SLACK;
use crate::pairs::{Dimension, Pairs};
use crate::quantization::Multiplier;
use crate::testing::{Failures, Random, for_each_isa, overwrite, to_reference};

/// Elements of each operand: `[rows, columns]`, either 1 where it repeats.
type Sizes = [[usize; 2]; 2];

fn values(random: &mut Random, count: usize) -> Vec<i16> {
    let edges = [i16::MIN, i16::MAX, 0, -1, 1, 16384, -16384];
    (0..count).map(|_| if random.within(0, 3) == 0 { random.pick(&edges) } else { random.next() as i16 }).collect()
}

fn bytes(values: &[i16]) -> Vec<u8> {
    let mut bytes: Vec<u8> = bytemuck::cast_slice(values).to_vec();
    bytes.resize(bytes.len() + SLACK, 0xA5);
    bytes
}

fn expected(spec: &Pair16Spec, operands: [Operand<'_, i16>; 2], count: usize) -> Vec<i16> {
    let mut output = vec![0; count];
    let activation = ActivationRange { lo: spec.min, hi: spec.max };
    let params = |sum: &Sum16| AddParams {
        input_zero_points: [0; 2],
        multipliers: AddMultipliers {
            input1: to_reference(sum.operands[0]),
            input2: to_reference(sum.operands[1]),
            output: to_reference(sum.output),
        },
        output_zero_point: 0,
        activation,
    };
    match &spec.function {
        Function16::Add(sum) => add(&params(sum), operands, &mut output),
        Function16::Sub(sum) => sub(&params(sum), operands, &mut output),
        Function16::Mul(by) => {
            let (input_zero_points, output_zero_point) = ([0; 2], 0);
            let params = MulParams { input_zero_points, multiplier: to_reference(*by), output_zero_point, activation };
            mul(&params, operands, &mut output);
        }
    }
    output
}

fn check(random: &mut Random, sizes: Sizes, constant: bool, failures: &mut Failures) {
    let [rows, columns] = [0, 1].map(|axis| sizes[0][axis].max(sizes[1][axis]));
    let inputs = sizes.map(|[rows, columns]| values(random, rows * columns));
    let multiplier = |mantissa, shift| Multiplier { mantissa, shift };
    let operands = [multiplier(1_234_567_891, -3), multiplier(2_047_483_647, 0)]
        .map(|other| random.pick(&[Multiplier::HALF, other]));
    let sum = Sum16 { operands, output: random.multiplier(-15, 0) };
    for function in [Function16::Add(sum), Function16::Sub(sum), Function16::Mul(random.multiplier(-20, 4))] {
        let stride = |i: usize, axis: usize| match (axis, sizes[i][axis]) {
            (_, 1) => 0,
            (0, _) => 2 * sizes[i][1],
            _ => 2,
        };
        let dimension = |axis: usize, size, output_stride| Dimension {
            size,
            strides: [stride(0, axis), stride(1, axis)],
            output_stride,
        };
        let pairs = Pairs {
            dimensions: vec![dimension(0, rows, 2 * columns), dimension(1, columns, 2)],
            bytes: 2,
            constants: [None, constant.then(|| bytemuck::cast_slice(&inputs[1]).to_vec())],
            threads: random.within(1, 3) as usize,
        };
        let (min, max) = random.pick(&[(-32768, 32767), (0, 32767), (-300, 400)]);
        let spec = Pair16Spec { pairs, function, min, max };
        let operands = [0, 1].map(|i| Operand { shape: &sizes[i], values: &inputs[i] });
        let want = expected(&spec, operands, rows * columns);
        for_each_isa(|isa| {
            let layer = prepare(isa, &spec);
            let views = [bytes(&inputs[0]), bytes(&inputs[1])];
            let views: Vec<&[u8]> = views.iter().take(if constant { 1 } else { 2 }).map(Vec::as_slice).collect();
            let mut output = vec![0xC5; 2 * rows * columns + 8];
            run_all(&layer, &views, &mut [&mut output]);
            let kept = output.split_off(2 * rows * columns) == [0xC5; 8];
            let got = if kept { Ok(output) } else { Err("bytes behind the output changed".to_owned()) };
            overwrite::check(failures, &layer, &views, bytemuck::cast_slice(&want));
            failures.compare(got, bytemuck::cast_slice(&want), || format!("{isa} {sizes:?} {spec:?}"));
        });
    }
}

#[test]
fn every_length_and_way_of_repeating_is_exact() {
    let mut failures = Failures::default();
    let mut random = Random::new(3);
    for columns in (1..=40).chain([63, 64, 65, 200]) {
        for rows in [1, 4] {
            let whole = [rows, columns];
            for other in [whole, [1, columns], [rows, 1], [1, 1]] {
                for sizes in [[whole, other], [other, whole]] {
                    check(&mut random, sizes, columns % 2 == 0, &mut failures);
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn many_values_are_exact() {
    let mut failures = Failures::default();
    let mut random = Random::new(4);
    for _ in 0..40 {
        check(&mut random, [[1, 5000]; 2], false, &mut failures);
    }
    failures.finish();
}
