//! Conversions against the scalar reference, bit for bit.

use ottava_ref::Quantized;
use ottava_ref::ops::dequantize::{DequantizeParams, dequantize};
use ottava_ref::ops::quantize::{QuantizeParams, quantize};
use proptest::prelude::*;

use super::*;
use crate::layer::{Layer, run_all};
use crate::memory::SLACK;
use crate::strided::Strided;
use crate::testing::{Failures, Fill, Guarded, Random, as_bytes, as_signed, for_each_isa, stored};

#[test]
fn a_change_of_signedness_flips_the_mask() {
    let mut failures = Failures::default();
    let mut random = Random::new(11);
    for channels in (1..=40).chain([64, 100, 50_000]) {
        for (pixels, gaps) in [(1, [0, 0]), (3, [0, 0]), (4, [2, 5])] {
            for mask in [0x80, 0] {
                let input = random.bytes(pixels * channels, Fill::Random);
                let expected: Vec<u8> = input.iter().map(|byte| byte ^ mask).collect();
                let strides = gaps.map(|gap| channels + gap);
                let shape = Strided { pixels, channels, input_strides: [strides[0]], output_stride: strides[1] };
                let layer = prepare_xor(&XorSpec { shape, mask, threads: 2 });
                let mut output = Guarded::new(pixels, channels, strides[1]);
                run_all(&layer, &[&stored(&input, channels, strides[0], 0, 0xAB)], &mut [output.view()]);
                failures.compare(output.dense(0), &expected, || format!("{} {shape:?}", layer.kernel()));
            }
        }
    }
    failures.finish();
}

fn reference<X: Quantized>(params: &QuantizeParams, input: &[f32]) -> Vec<X> {
    let mut output = vec![X::default(); input.len()];
    quantize(params, input, &mut output);
    output
}

fn check_quantize(failures: &mut Failures, scale: f32, zero: i32, signed: bool, input: &[f32]) {
    let params = QuantizeParams { scale, zero_point: zero };
    let expected =
        if signed { as_bytes(&reference::<i8>(&params, input)).to_vec() } else { reference::<u8>(&params, input) };
    let bytes: Vec<u8> = [0xAB].into_iter().chain(input.iter().flat_map(|x| x.to_le_bytes())).collect();
    for_each_isa(|isa| {
        for threads in [1, 3] {
            let spec = QuantizeSpec { elements: input.len(), scale, zero, file_is_signed: signed, threads };
            let layer = prepare_quantize(isa, &spec);
            let mut output = Guarded::new(1, input.len(), input.len());
            // One byte off, so that the floats are not aligned.
            run_all(&layer, &[&bytes[1..]], &mut [output.view()]);
            let got = output.dense(isa.storage().xor_mask(signed));
            failures.compare(got, &expected, || format!("{} {spec:?}", layer.kernel()));
        }
    });
}

#[test]
fn floats_of_every_kind_are_quantized_exactly() {
    let mut failures = Failures::default();
    let mut input = vec![
        0.0,
        -0.0,
        0.5,
        -0.5,
        0.499_999_97,
        -0.499_999_97,
        1.5,
        2.5,
        -2.5,
        8_388_607.5,
        -8_388_607.5,
        16_777_215.0,
        2_147_483_500.0,
        2_147_483_648.0,
        -2_147_483_648.0,
        -2_147_483_904.0,
        3e9,
        -3e9,
        1e30,
        -1e30,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    input.extend((-600..600).map(|half| half as f32 * 0.5));
    let mut random = Random::new(13);
    input.extend((0..4000).map(|_| f32::from_bits(random.next())));
    for scale in [1.0, 0.5, 0.007_843_138, 1e-30, 3.7e5] {
        for (signed, zeros) in [(true, [-128, 0, 127]), (false, [0, 128, 255])] {
            for zero in zeros {
                check_quantize(&mut failures, scale, zero, signed, &input);
            }
        }
    }
    for len in 0..40 {
        check_quantize(&mut failures, 0.1, 3, true, &input[100..100 + len]);
    }
    failures.finish();
}

#[test]
fn every_byte_is_dequantized_exactly() {
    let mut random = Random::new(17);
    for signed in [true, false] {
        for (pixels, channels, gap) in [(1, 256, 0), (8, 33, 0), (8, 33, 5), (300, 40, 1)] {
            for (scale, zero) in [(0.007_843_138, 128), (1e-40, -128), (3.0, 0), (1e38, 5)] {
                let input = random.bytes(pixels * channels, Fill::Random);
                let params = DequantizeParams { scale, zero_point: zero };
                let mut expected = vec![0f32; input.len()];
                match signed {
                    true => dequantize(&params, as_signed(&input), &mut expected),
                    false => dequantize(&params, &input, &mut expected),
                }
                let mask = if signed { 0x80 } else { 0 };
                let table: [f32; 256] = std::array::from_fn(|byte| {
                    let mut one = [0.0];
                    match signed {
                        true => dequantize(&params, &[(byte as u8 ^ mask) as i8], &mut one),
                        false => dequantize(&params, &[byte as u8 ^ mask], &mut one),
                    }
                    one[0]
                });
                let pixel_stride = channels + gap;
                let spec = DequantizeSpec { pixels, channels, pixel_stride, table: &table, threads: 2 };
                let layer = prepare_dequantize(&spec);
                let bytes = stored(&input, channels, pixel_stride, mask, 0xAB);
                let mut output = vec![0xC5; 4 * input.len() + SLACK];
                run_all(&layer, &[&bytes], &mut [&mut output[..4 * input.len()]]);
                let expected: Vec<u8> = expected.iter().flat_map(|x| x.to_le_bytes()).collect();
                assert!(output[..expected.len()] == expected, "{} {pixels} x {channels} + {gap}", layer.kernel());
                assert!(output[expected.len()..].iter().all(|&byte| byte == 0xC5), "bytes past the output");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_floats_are_quantized_exactly(
        log in -20.0..5.0f32,
        zero in -128..128i32,
        signed in any::<bool>(),
        input in prop::collection::vec(prop_oneof![any::<f32>(), -300.0..300.0f32], 0..300),
    ) {
        let scale = log.exp();
        let mut failures = Failures::default();
        let input: Vec<f32> = input.iter().map(|x| x * scale).collect();
        check_quantize(&mut failures, scale, if signed { zero } else { zero + 128 }, signed, &input);
        failures.finish();
    }
}
