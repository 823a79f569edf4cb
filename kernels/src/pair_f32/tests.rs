//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::Operand;
use ottava_ref::ops::arithmetic::{Arithmetic, arithmetic};
use ottava_ref::ops::div::div_f32;
use ottava_ref::ops::maximum_minimum::{maximum, minimum};
use ottava_ref::ops::prelu::prelu_f32;

use super::*;
use crate::layer::run_all;
use crate::pairs::{Dimension, Pairs};
use crate::testing::reals::{Reals, dense, spread};
use crate::testing::{Failures, Random, for_each_isa, overwrite};

/// Elements of each operand: `[rows, columns]`, either 1 where it repeats.
type Sizes = [[usize; 2]; 2];

fn expected(spec: &PairF32Spec, operands: [Operand<'_, f32>; 2], count: usize) -> Vec<f32> {
    let mut output = vec![0.0; count];
    let plain = match spec.function {
        PairF32Function::Add => Arithmetic::Add,
        PairF32Function::Sub => Arithmetic::Sub,
        PairF32Function::Mul => Arithmetic::Mul,
        PairF32Function::SquaredDifference => Arithmetic::SquaredDifference,
        PairF32Function::Div => {
            div_f32(spec.range, operands, &mut output);
            return output;
        }
        PairF32Function::Maximum => {
            maximum(operands, &mut output);
            return output;
        }
        PairF32Function::Minimum => {
            minimum(operands, &mut output);
            return output;
        }
        PairF32Function::Prelu => {
            prelu_f32(operands, &mut output);
            return output;
        }
    };
    arithmetic(plain, spec.range, operands, &mut output);
    output
}

fn check(random: &mut Random, sizes: Sizes, constant: bool, failures: &mut Failures) {
    let [rows, columns] = [0, 1].map(|axis| sizes[0][axis].max(sizes[1][axis]));
    let fill = random.pick(&Reals::ALL);
    let inputs = sizes.map(|[rows, columns]| random.reals(rows * columns, fill));
    for function in PairF32Function::ALL {
        let stride = |i: usize, axis: usize| match (axis, sizes[i][axis]) {
            (_, 1) => 0,
            (0, _) => 4 * sizes[i][1],
            _ => 4,
        };
        let dimension = |axis: usize, size, output_stride| Dimension {
            size,
            strides: [stride(0, axis), stride(1, axis)],
            output_stride,
        };
        let pairs = Pairs {
            dimensions: vec![dimension(0, rows, 4 * columns), dimension(1, columns, 4)],
            bytes: 4,
            constants: [None, constant.then(|| dense(&inputs[1]).to_vec())],
            threads: random.within(1, 3) as usize,
        };
        let range = random.pick(&[[f32::MIN, f32::MAX], [0.0, f32::MAX], [0.0, 6.0], [-1.0, 1.0]]);
        let spec = PairF32Spec { pairs, function, range };
        let operands = [0, 1].map(|i| Operand { shape: &sizes[i], values: &inputs[i] });
        let want = expected(&spec, operands, rows * columns);
        for_each_isa(|isa| {
            let layer = prepare(isa, &spec);
            let stored = [0, 1].map(|i| spread(&inputs[i], 1, 1));
            let views: Vec<&[u8]> = stored.iter().take(if constant { 1 } else { 2 }).map(|it| dense(it)).collect();
            let mut output = vec![0xC5; 4 * rows * columns + 8];
            run_all(&layer, &views, &mut [&mut output]);
            let kept = output.split_off(4 * rows * columns) == [0xC5; 8];
            let got = if kept { Ok(output) } else { Err("bytes behind the output changed".to_owned()) };
            overwrite::check(failures, &layer, &views, dense(&want));
            failures.compare(got, dense(&want), || format!("{isa} {sizes:?} {fill:?} {function:?} {range:?}"));
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
