//! The kernel against the scalar reference of an operator without symmetry.

use ottava_ref::ops::comparison::{Comparison, compare};
use ottava_ref::{Operand, Quantized};
use proptest::prelude::*;

use super::*;
use crate::isa::Isa;
use crate::layer::try_run_all;
use crate::testing::pairs::PairLayout;
use crate::testing::{Failures, Fill, Random};

/// `a > b`, of stored bytes.
fn table(isa: Isa, signed: bool) -> Box<[u8; ENTRIES]> {
    let mask = isa.storage().xor_mask(signed);
    let value = |byte: u8| if signed { (byte ^ mask) as i8 as i32 } else { i32::from(byte ^ mask) };
    let entry = |index: usize| u8::from(value((index >> 8) as u8) > value(index as u8)) ^ mask;
    Box::new(core::array::from_fn(entry))
}

fn greater<X: Quantized>(operands: [Operand<'_, X>; 2]) -> Vec<u8> {
    let count = operands
        .iter()
        .map(|operand| operand.shape.to_vec())
        .fold(vec![1; 2], |a, b| vec![a[0].max(b[0]), a[1].max(b[1])]);
    let mut output = vec![0; count[0] * count[1]];
    compare(Comparison::Greater, operands, &mut output);
    output
}

fn check(layout: &PairLayout, seed: u64, failures: &mut Failures) {
    let mut random = Random::new(seed);
    let inputs = layout.inputs(&mut random, [Fill::Random; 2]);
    let expected = layout.reference(
        &inputs,
        |operands, out| out.copy_from_slice(bytemuck::cast_slice(&greater(operands))),
        |operands, out| out.copy_from_slice(&greater(operands)),
    );
    let signed = layout.signed;
    let prepare = |isa: Isa, pairs| -> Box<dyn Layer> {
        Box::new(prepare(PairTableSpec { table: table(isa, signed), undefined: None, pairs }))
    };
    layout.check(failures, &inputs, &expected, prepare, "");
}

#[test]
fn every_length_is_exact() {
    let mut failures = Failures::default();
    for (seed, layout) in PairLayout::small().into_iter().enumerate().step_by(5) {
        check(&layout, seed as u64, &mut failures);
    }
    failures.finish();
}

#[test]
fn a_byte_without_result_fails_the_run_that_meets_it() {
    use crate::pairs::Dimension;
    let pairs = |strides| Pairs {
        dimensions: vec![Dimension { size: 100, strides, output_stride: 1 }],
        bytes: 1,
        constants: [None, None],
        threads: 1,
    };
    let table = || vec![0; ENTRIES].into_boxed_slice().try_into().unwrap();
    for strides in [[1, 1], [0, 1], [1, 0]] {
        let layer = prepare(PairTableSpec { table: table(), undefined: Some((9, "nine")), pairs: pairs(strides) });
        let mut output = [0; 100];
        let mut second = [7u8; 200];
        let first = [9u8; 200];
        let mut run = |second: &[u8]| {
            try_run_all(&layer, &[&first, second], &mut [&mut output]).map_err(|failure| failure.to_string())
        };
        assert_eq!(run(&second), Ok(()));
        second[100] = 9;
        assert_eq!(run(&second), Ok(()));
        second[0] = 9;
        assert_eq!(run(&second), Err("nine".to_owned()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_lookups_are_exact(layout in PairLayout::any(), seed in any::<u64>()) {
        let mut failures = Failures::default();
        check(&layout, seed, &mut failures);
        failures.finish();
    }
}
