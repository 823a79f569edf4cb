//! The kernel against the scalar reference, bit for bit, in both storage types.

use ottava_ref::Quantized;
use ottava_ref::ops::softmax::{SoftmaxParams, softmax};
use proptest::prelude::*;

use super::*;
use crate::layer::run_all;
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, stored};

fn reference<X: Quantized>(params: &SoftmaxParams, depth: usize, input: &[X]) -> Vec<X> {
    let mut output = vec![X::default(); input.len()];
    softmax(params, depth, input, &mut output);
    output
}

/// Runs every storage type and file signedness on the same bytes.
fn check(failures: &mut Failures, (rows, depth): (usize, usize), gaps: [usize; 2], scale: f32, input: &[u8]) {
    let params = SoftmaxParams::new(1.0, scale).expect("the scale is representable");
    let exponentials = params.exponentials();
    for storage in [Storage::U8, Storage::S8] {
        for signed in [true, false] {
            let expected = match signed {
                true => as_bytes(&reference(&params, depth, as_signed(input))).to_vec(),
                false => reference(&params, depth, input),
            };
            let mask = storage.xor_mask(signed);
            let spec = SoftmaxSpec {
                rows,
                depth,
                input_stride: depth + gaps[0],
                output_stride: depth + gaps[1],
                exponentials: &exponentials,
                storage,
                threads: 1 + rows % 3,
            };
            let layer = prepare(&spec);
            let bytes = stored(input, depth, depth + gaps[0], mask, 0xAB);
            let mut output = Guarded::new(rows, depth, depth + gaps[1]);
            run_all(&layer, &[&bytes], &mut [output.view()]);
            failures.compare(output.dense(mask), &expected, || {
                format!("{} {rows} rows of {depth}, {storage:?}, signed {signed}, scale {scale}", layer.kernel())
            });
        }
    }
}

#[test]
fn every_depth_and_scale_is_exact() {
    let mut failures = Failures::default();
    let mut random = Random::new(7);
    for depth in (1..=40).chain([255, 256, 257, 1001]) {
        for scale in [3e-7, 1e-3, 0.0625, 0.17, 1.0, 30.0] {
            for fill in Fill::ALL {
                let input = random.bytes(3 * depth, fill);
                check(&mut failures, (3, depth), [0, 0], scale, &input);
                check(&mut failures, (3, depth), [5, 2], scale, &input);
            }
        }
    }
    failures.finish();
}

#[test]
fn rows_without_a_likely_element_are_exact() {
    let mut failures = Failures::default();
    for depth in [511, 512, 513, 1023, 1024, 4095, 4096, 5000] {
        check(&mut failures, (1, depth), [0, 0], 0.1, &vec![7; depth]);
    }
    failures.finish();
}

#[test]
fn the_parts_equal_the_reference() {
    let mut random = Random::new(3);
    for _ in 0..200_000 {
        let a = random.next() as i32 & i32::MAX;
        assert_eq!(reciprocal(a), ottava_ref::ops::softmax::one_over_one_plus_x(a));
        let (x, exponent) = (random.next() as i32, random.within(0, 31));
        assert_eq!(divide_by_power(x, exponent), ottava_ref::fixed::rounding_divide_by_pot(x, exponent));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_rows_are_exact(rows in 1..6usize, depth in 1..600usize, gap in 0..9usize, log in -10.0..2.0f32, seed in any::<u64>()) {
        let input = Random::new(seed).bytes(rows * depth, Fill::Random);
        let mut failures = Failures::default();
        check(&mut failures, (rows, depth), [gap, 9 - gap], log.exp(), &input);
        failures.finish();
    }
}
