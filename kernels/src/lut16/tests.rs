//! The kernel against a plain loop, and a requantization against the scalar reference.

use ottava_ref::Multiplier;
use ottava_ref::ops::requantize::{RequantizeParams, requantize};

use super::*;
use crate::layer::run_all;
use crate::testing::{Failures, Fill, Guarded, Random};

#[test]
fn every_length_and_width_is_exact() {
    let mut failures = Failures::default();
    let mut random = Random::new(7);
    for width in [1, 2, 4] {
        let table = random.bytes(width * ENTRIES, Fill::Random);
        for elements in (0..40).chain([1000, 70_000]) {
            // One byte off, so that the elements are not aligned.
            let bytes = random.bytes(1 + 2 * elements, Fill::Random);
            let indices = bytes[1..].as_chunks::<2>().0.iter().map(|&element| usize::from(u16::from_le_bytes(element)));
            let expected: Vec<u8> = indices.flat_map(|index| table[index * width..][..width].iter().copied()).collect();
            for threads in [1, 3] {
                let layer = prepare(Lut16Spec { table: table.clone(), elements, threads });
                let mut output = Guarded::new(1, expected.len(), expected.len());
                run_all(&layer, &[&bytes[1..]], &mut [output.view()]);
                failures.compare(output.dense(0), &expected, || format!("{elements} elements of {width} bytes"));
            }
        }
    }
    failures.finish();
}

#[test]
fn a_requantization_is_a_table() {
    let params = RequantizeParams {
        input_zero_point: 0,
        multiplier: Multiplier { mantissa: 1_700_000_000, shift: -3 },
        output_zero_point: 0,
    };
    let input: Vec<i16> = (0..=u16::MAX).map(|bits| bits as i16).collect();
    let mut expected = vec![0_i16; ENTRIES];
    requantize(&params, &input, &mut expected);
    let bytes = |values: &[i16]| -> Vec<u8> { values.iter().flat_map(|value| value.to_le_bytes()).collect() };
    let layer = prepare(Lut16Spec { table: bytes(&expected), elements: ENTRIES, threads: 2 });
    let mut output = vec![0; 2 * ENTRIES];
    run_all(&layer, &[&bytes(&input)], &mut [&mut output]);
    assert!(output == bytes(&expected));
}
