//! Every operator but the convolutions on examples small enough to compute by hand.

mod random;

use ottava_ref::ops::add::{AddParams, add};
use ottava_ref::ops::average_pool2d::average_pool2d;
use ottava_ref::ops::concatenation::{ConcatInput, ConcatenationParams, concatenation};
use ottava_ref::ops::dequantize::{DequantizeParams, dequantize};
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d};
use ottava_ref::ops::mean::{MeanParams, mean};
use ottava_ref::ops::pad::{PadParams, pad};
use ottava_ref::ops::quantize::{QuantizeParams, quantize};
use ottava_ref::ops::reduction::reduced_dimensions;
use ottava_ref::ops::requantize::{RequantizeParams, requantize};
use ottava_ref::{ActivationRange, Multiplier, Operand, scales};
use random::Random;

const ONE: Multiplier = Multiplier { mantissa: 1 << 30, shift: 1 };

fn pool(input_shape: [usize; 4], filter: [usize; 2], output_shape: [usize; 4]) -> Pool2dParams {
    Pool2dParams {
        input_shape,
        output_shape,
        filter,
        stride: [1, 1],
        pad_top: 0,
        pad_left: 0,
        activation: ActivationRange { lo: -128, hi: 255 },
    }
}

#[test]
fn average_pool_rounds_half_away_from_zero_in_stored_units() {
    let params = pool([1, 1, 2, 1], [1, 2], [1, 1, 1, 1]);
    for (input, expected) in
        [([-1, -2], -2), ([1, 2], 2), ([1, -2], -1), ([0, 1], 1), ([0, 0], 0), ([-128, -128], -128)]
    {
        let mut output = [99_i8];
        average_pool2d(&params, &input, &mut output);
        assert_eq!(output, [expected], "{input:?}");
    }
    let mut output = [0_u8];
    average_pool2d(&params, &[254, 255], &mut output);
    assert_eq!(output, [255]);
}

#[test]
fn average_pool_divides_by_the_taps_inside_the_image() {
    let mut params = pool([1, 2, 2, 1], [3, 3], [1, 2, 2, 1]);
    (params.pad_top, params.pad_left) = (1, 1);
    let mut output = [0_i8; 4];
    average_pool2d(&params, &[1, 2, 3, 4], &mut output);
    assert_eq!(output, [3; 4]);
    params.filter = [2, 2];
    average_pool2d(&params, &[1, 2, 3, 4], &mut output);
    // Windows {1}, {1, 2}, {1, 3}, {1, 2, 3, 4}.
    assert_eq!(output, [1, 2, 2, 3]);
}

#[test]
#[should_panic(expected = "entirely in the padding")]
fn average_pool_refuses_an_empty_window() {
    let mut params = pool([1, 1, 1, 1], [1, 1], [1, 1, 1, 1]);
    params.pad_top = 1;
    average_pool2d(&params, &[1_i8], &mut [0]);
}

#[test]
fn max_pool_ignores_the_padding_and_clamps() {
    let mut params = pool([1, 2, 2, 2], [2, 2], [1, 2, 1, 2]);
    params.pad_top = 1;
    let mut output = [0_i8; 4];
    max_pool2d(&params, &[-9, -1, -8, -2, -7, -3, -6, -4], &mut output);
    assert_eq!(output, [-8, -1, -6, -1]);
    params.activation = ActivationRange { lo: -7, hi: -2 };
    max_pool2d(&params, &[-9, -1, -8, -2, -7, -3, -6, -4], &mut output);
    assert_eq!(output, [-7, -2, -6, -2]);
}

#[test]
fn concatenation_interleaves_runs_and_rescales_uint8() {
    let params = ConcatenationParams { outer_count: 2, output_scale: 0.5, output_zero_point: 10 };
    let same = ConcatInput { data: &[1_u8, 2], scale: 0.5, zero_point: 10 };
    // Twice the scale, zero point 3: (q - 3)·2 + 10, saturated at 255.
    let other = ConcatInput { data: &[3_u8, 4, 0, 200], scale: 1.0, zero_point: 3 };
    let mut output = [0; 6];
    concatenation(&params, &[same, other], &mut output);
    assert_eq!(output, [1, 10, 12, 2, 4, 255]);
}

#[test]
#[should_panic(expected = "int8 operands must share")]
fn concatenation_refuses_to_rescale_int8() {
    let params = ConcatenationParams { outer_count: 1, output_scale: 0.5, output_zero_point: 10 };
    concatenation(&params, &[ConcatInput { data: &[1_i8], scale: 0.5, zero_point: 9 }], &mut [0]);
}

fn operand<'a, T>(shape: &'a [usize], values: &'a [T]) -> Operand<'a, T> {
    Operand { shape, values }
}

#[test]
fn add_broadcasts_and_brings_operands_to_one_scale() {
    let params = AddParams {
        input_zero_points: [1, -2],
        multipliers: scales::add::<i8>(1.0, 0.5, 0.5).unwrap(),
        output_zero_point: 5,
        activation: ActivationRange { lo: -128, hi: 20 },
    };
    let mut output = [0_i8; 4];
    // 2·(x - 1) + (y + 2) + 5
    add(&params, [operand(&[2, 2], &[1, 2, 3, -4]), operand(&[2], &[0, 1])], &mut output);
    assert_eq!(output, [7, 10, 11, -2]);
    add(&params, [operand(&[2, 2], &[1, 2, 100, -128]), operand(&[2], &[0, 1])], &mut output);
    assert_eq!(output, [7, 10, 20, -128]);
}

#[test]
#[should_panic(expected = "do not broadcast")]
fn add_refuses_shapes_that_do_not_broadcast() {
    let params = AddParams {
        input_zero_points: [0, 0],
        multipliers: scales::add::<i8>(1.0, 1.0, 1.0).unwrap(),
        output_zero_point: 0,
        activation: ActivationRange::full::<i8>(),
    };
    add(&params, [operand(&[3], &[0_i8; 3]), operand(&[2], &[0; 2])], &mut [0; 3]);
}

#[test]
fn mean_reduces_any_dimensions() {
    let input: [i8; 6] = [1, 2, 3, 5, 7, 10];
    let run = |axes: &[i32], count: usize| {
        let reduced = reduced_dimensions(axes, 2).unwrap();
        let params = MeanParams {
            input_shape: &[2, 3],
            reduced: &reduced,
            input_zero_point: 1,
            multiplier: ONE,
            output_zero_point: -1,
        };
        let mut output = vec![0_i8; count];
        mean(&params, &input, &mut output);
        output
    };
    // Two less than the mean: input zero point 1, output zero point -1. 3, 4.5, 6.5; 2, 22/3; 28/6.
    assert_eq!(run(&[0], 3), [1, 3, 5]);
    assert_eq!(run(&[-1, 1], 2), [0, 5]);
    assert_eq!(run(&[0, 1], 1), [3]);
    assert_eq!(run(&[], 6), [-1, 0, 1, 3, 5, 8]);
    assert_eq!(reduced_dimensions(&[2], 2), None);
    assert_eq!(reduced_dimensions(&[-3], 2), None);
    assert_eq!(reduced_dimensions(&[i32::MIN], 2), None);
}

#[test]
fn mean_stays_within_one_of_the_real_mean() {
    let mut random = Random(2);
    for _ in 0..300 {
        let count = random.between(1, 3000) as usize;
        let input: Vec<u8> = (0..count).map(|_| random.bits() as u8).collect();
        let params = MeanParams {
            input_shape: &[count],
            reduced: &[true],
            input_zero_point: random.between(0, 255) as i32,
            multiplier: scales::rescale(0.3, 0.4).unwrap(),
            output_zero_point: 128,
        };
        let mut output = [0_u8];
        mean(&params, &input, &mut output);
        let sum: f64 = input.iter().map(|&x| f64::from(x) - f64::from(params.input_zero_point)).sum();
        let exact = (sum / count as f64 * 0.75 + 128.0).clamp(0.0, 255.0);
        assert!((f64::from(output[0]) - exact).abs() <= 1.0, "{} for {exact}", output[0]);
    }
}

#[test]
fn pad_surrounds_with_the_fill() {
    let params = PadParams { input_shape: &[1, 2], paddings: &[[0, 1], [2, 1]], fill: 9_u8 };
    let mut output = [0; 10];
    pad(&params, &[1, 2], &mut output);
    assert_eq!(output, [9, 9, 1, 2, 9, 9, 9, 9, 9, 9]);
}

#[test]
fn quantize_rounds_half_away_and_saturates() {
    let run = |zero_point, input: &[f32]| {
        let mut output = vec![0_i8; input.len()];
        quantize(&QuantizeParams { scale: 0.5, zero_point }, input, &mut output);
        output
    };
    assert_eq!(run(1, &[0.25, -0.25, 0.24, 0.75, -100.0, 63.0]), [2, 0, 1, 3, -128, 127]);
    // NaN is the zero point, with any zero point.
    let outside = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2e9, -2e9];
    assert_eq!(run(0, &outside), [0, 127, -128, 127, -128]);
    assert_eq!(run(-1, &outside), [-1, 127, -128, 127, -128]);
}

#[test]
fn requantize_changes_scale_zero_point_and_type() {
    let shift = RequantizeParams { input_zero_point: 128, multiplier: ONE, output_zero_point: 0 };
    let input: Vec<u8> = (0..=255).collect();
    let mut output = vec![0_i8; 256];
    requantize(&shift, &input, &mut output);
    assert!((-128..=127).eq(output));
    let half = RequantizeParams {
        input_zero_point: 0,
        multiplier: Multiplier { mantissa: 1 << 30, shift: 0 },
        output_zero_point: 5,
    };
    let mut output = [0_u8; 4];
    // Ties go up here: the only rounding is that of the product.
    requantize(&half, &[3_i8, -3, -128, 127], &mut output);
    assert_eq!(output, [7, 4, 0, 69]);
}

#[test]
fn dequantize_multiplies_the_centred_value() {
    let mut output = [0.0; 3];
    dequantize(&DequantizeParams { scale: 0.1, zero_point: -128 }, &[-128_i8, 127, -125], &mut output);
    assert_eq!(output, [0.0, 25.5, 0.3]);
}
