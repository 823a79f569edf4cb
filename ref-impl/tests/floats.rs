//! Float32 forms where recordings do not reach: one rounding of products and sums, orders, NaN, infinities, the least
//! numbers.

use ottava_ref::ops::average_pool2d::average_pool2d_f32;
use ottava_ref::ops::conv_params::FloatConvParams;
use ottava_ref::ops::conv2d::conv2d_f32;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d_f32;
use ottava_ref::ops::float_rows::{l2_normalization_f32, log_softmax_f32, softmax_f32};
use ottava_ref::ops::fully_connected::{FloatFullyConnectedParams, fully_connected_f32};
use ottava_ref::ops::hard_swish::hard_swish_f32;
use ottava_ref::ops::max_pool2d::{Pool2dParams, max_pool2d_f32};
use ottava_ref::ops::transpose_conv::transpose_conv_f32;
use ottava_ref::real::nearest::Function;

const ALL: [f32; 2] = [f32::MIN, f32::MAX];

/// The least number above 0.
const LEAST: f32 = f32::from_bits(1);

/// A NaN that is not the one NaN.
const OTHER_NAN: f32 = f32::from_bits(0xFFC0_1234);

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// One row of pixels, one row of taps, no padding.
fn row(input: [usize; 4], filter: [usize; 4], output: [usize; 4]) -> FloatConvParams {
    FloatConvParams {
        input_shape: input,
        filter_shape: filter,
        output_shape: output,
        stride: [1, 1],
        dilation: [1, 1],
        pad_top: 0,
        pad_left: 0,
        range: ALL,
    }
}

/// `Σ x·w` of a fully connected row.
fn product(x: &[f32], w: &[f32], bias: Option<&[f32]>) -> f32 {
    let params = FloatFullyConnectedParams { batches: 1, input_depth: x.len(), output_depth: 1, range: ALL };
    let mut output = [0.0];
    fully_connected_f32(&params, x, w, bias, &mut output);
    output[0]
}

#[test]
fn products_are_fused_and_sums_follow_the_order() {
    let a = 1.0 + f32::EPSILON;
    // a² is 1 + 2ε + ε², whose last term a rounded product loses.
    assert_eq!(product(&[1.0, a], &[-(1.0 + 2.0 * f32::EPSILON), a], None), f32::EPSILON * f32::EPSILON);
    // In this order the small one is lost first, in the other it is not.
    assert_eq!(product(&[1e10, 1.0, -1e10], &[1.0; 3], None), 0.0);
    assert_eq!(product(&[1e10, -1e10, 1.0], &[1.0; 3], None), 1.0);
    // The bias comes last.
    assert_eq!(product(&[1.0, -1e10], &[1.0; 2], Some(&[1e10])), 0.0);
}

#[test]
fn sums_keep_the_least_numbers_and_overflow_to_the_ends() {
    assert_eq!(product(&[LEAST, LEAST], &[1.0, 2.0], None), f32::from_bits(3));
    assert_eq!(product(&[2f32.powi(-100)], &[2f32.powi(-49)], None), LEAST);
    // Half of the least number is a tie, and goes to even.
    assert_eq!(product(&[LEAST], &[0.5], None), 0.0);
    assert_eq!(product(&[LEAST], &[0.75], None), LEAST);
    // A product beyond the range is not beyond it before it is rounded.
    assert_eq!(product(&[f32::MAX, f32::MAX], &[-1.0, 2.0], None), f32::MAX);
    assert_eq!(product(&[f32::MAX], &[2.0], None), f32::MAX);
    assert_eq!(product(&[f32::INFINITY], &[-1.0], None), f32::MIN);
}

#[test]
fn there_is_one_nan() {
    for x in [OTHER_NAN, f32::INFINITY] {
        assert_eq!(product(&[x], &[0.0], None).to_bits(), f32::NAN.to_bits());
    }
    assert_eq!(product(&[1.0], &[1.0], Some(&[OTHER_NAN])).to_bits(), f32::NAN.to_bits());
    let mut output = [0.0; 2];
    softmax_f32(1.0, 2, &[OTHER_NAN, 1.0], &mut output);
    assert_eq!(bits(&output), bits(&[f32::NAN; 2]));
    log_softmax_f32(2, &[OTHER_NAN, 1.0], &mut output);
    assert_eq!(bits(&output), bits(&[f32::NAN; 2]));
    l2_normalization_f32(2, &[OTHER_NAN, 1.0], &mut output);
    assert_eq!(bits(&output), bits(&[f32::NAN; 2]));
    hard_swish_f32(&[OTHER_NAN, f32::NEG_INFINITY], &mut output);
    assert_eq!(bits(&output), bits(&[f32::NAN; 2]));
    for function in Function::ALL {
        assert_eq!(function.apply(OTHER_NAN).to_bits(), f32::NAN.to_bits(), "{function:?}");
    }
}

#[test]
fn convolutions_skip_taps_outside() {
    // An infinite weight would make NaN of a padding that is multiplied.
    let params = FloatConvParams { pad_left: 1, ..row([1, 1, 2, 1], [1, 1, 3, 1], [1, 1, 2, 1]) };
    let mut output = [0.0; 2];
    conv2d_f32(&params, &[2.0, 3.0], &[f32::INFINITY, 10.0, 1.0], None, &mut output);
    assert_eq!(output, [23.0, f32::MAX]);
    depthwise_conv2d_f32(&params, &[2.0, 3.0], &[f32::INFINITY, 10.0, 1.0], None, &mut output);
    assert_eq!(output, [23.0, f32::MAX]);
    let params = FloatConvParams { pad_left: 1, ..row([1, 1, 2, 1], [1, 1, 3, 1], [1, 1, 2, 1]) };
    transpose_conv_f32(&params, &[2.0, 3.0], &[1.0, 10.0, 100.0], Some(&[0.5]), &mut output);
    assert_eq!(output, [23.5, 230.5]);
}

#[test]
fn groups_and_channels_go_to_their_outputs() {
    // Two groups of one channel, then a depth multiplier of two.
    let params = row([1, 1, 1, 2], [2, 1, 1, 1], [1, 1, 1, 2]);
    let mut output = [0.0; 2];
    conv2d_f32(&params, &[2.0, 3.0], &[10.0, 100.0], Some(&[1.0, 2.0]), &mut output);
    assert_eq!(output, [21.0, 302.0]);
    let params = row([1, 1, 1, 2], [1, 1, 1, 4], [1, 1, 1, 4]);
    let mut output = [0.0; 4];
    depthwise_conv2d_f32(&params, &[2.0, 3.0], &[1.0, 10.0, 100.0, 1000.0], None, &mut output);
    assert_eq!(output, [2.0, 20.0, 300.0, 3000.0]);
}

#[test]
fn transposed_sums_take_pixels_in_ascending_order() {
    // All three pixels meet in the middle: 1e10, 1, -1e10 in the order of the pixels.
    let params = FloatConvParams { pad_left: 1, ..row([1, 1, 3, 1], [1, 1, 3, 1], [1, 1, 3, 1]) };
    let mut output = [0.0; 3];
    transpose_conv_f32(&params, &[1e10, 1.0, -1e10], &[1.0; 3], None, &mut output);
    assert_eq!(output[1], 0.0);
    transpose_conv_f32(&params, &[1e10, -1e10, 1.0], &[1.0; 3], None, &mut output);
    assert_eq!(output[1], 1.0);
}

#[test]
fn pools_add_in_order_and_maxima_leave_out_nan() {
    let pool = |input: &[f32], function: fn(&Pool2dParams<[f32; 2]>, &[f32], &mut [f32])| {
        let params = Pool2dParams {
            input_shape: [1, 1, input.len(), 1],
            output_shape: [1; 4],
            filter: [1, input.len()],
            stride: [1, 1],
            pad_top: 0,
            pad_left: 0,
            activation: ALL,
        };
        let mut output = [0.0];
        function(&params, input, &mut output);
        output[0]
    };
    assert_eq!(pool(&[1e10, 1.0, -1e10, 1.0], average_pool2d_f32), 0.25);
    assert_eq!(pool(&[LEAST, LEAST, LEAST, LEAST], average_pool2d_f32), LEAST);
    assert_eq!(pool(&[OTHER_NAN, 1.0], average_pool2d_f32).to_bits(), f32::NAN.to_bits());
    assert_eq!(pool(&[OTHER_NAN, -2.0, -3.0], max_pool2d_f32), -2.0);
    assert_eq!(pool(&[f32::NEG_INFINITY, f32::NAN], max_pool2d_f32), f32::MIN);
    assert_eq!(pool(&[f32::INFINITY], max_pool2d_f32), f32::MAX);
}

#[test]
fn rows_at_the_ends() {
    let mut output = [0.0; 2];
    softmax_f32(1.0, 2, &[1000.0, -1000.0], &mut output);
    assert_eq!(output, [1.0, 0.0]);
    // Nothing is above the least number, and all exponentials are 0.
    softmax_f32(1.0, 2, &[f32::NEG_INFINITY; 2], &mut output);
    assert_eq!(bits(&output), bits(&[f32::NAN; 2]));
    log_softmax_f32(2, &[0.0, 0.0], &mut output);
    assert_eq!(output, [-std::f32::consts::LN_2; 2]);
    l2_normalization_f32(2, &[1e-10, 0.0], &mut output);
    assert_eq!(output, [1e-10 / 1e-6, 0.0]);
    l2_normalization_f32(2, &[1e30, 0.0], &mut output);
    assert_eq!(output, [0.0, 0.0]);
    hard_swish_f32(&[-3.0, 6.0], &mut output);
    assert_eq!(bits(&output), bits(&[-0.0, 6.0]));
}

#[test]
fn functions_have_limits_and_keep_the_least_numbers() {
    let ends = |function: Function| [f32::NEG_INFINITY, f32::INFINITY].map(|x| function.apply(x));
    assert_eq!(ends(Function::Exp), [0.0, f32::INFINITY]);
    assert_eq!(ends(Function::Tanh), [-1.0, 1.0]);
    assert_eq!(ends(Function::Logistic), [0.0, 1.0]);
    assert_eq!(ends(Function::Elu), [-1.0, f32::INFINITY]);
    assert_eq!(ends(Function::Gelu), [0.0, f32::INFINITY]);
    assert_eq!(ends(Function::GeluByTanh), [0.0, f32::INFINITY]);
    assert_eq!([Function::Ln.apply(0.0), Function::Ln.apply(f32::INFINITY)], [f32::NEG_INFINITY, f32::INFINITY]);
    for (function, x) in [(Function::Ln, -1.0), (Function::Sin, f32::INFINITY), (Function::Cos, f32::NEG_INFINITY)] {
        assert_eq!(function.apply(x).to_bits(), f32::NAN.to_bits(), "{function:?}");
    }
    for function in [Function::Tanh, Function::Elu, Function::Sin] {
        assert_eq!(bits(&[LEAST, -LEAST, -0.0].map(|x| function.apply(x))), [1, 0x8000_0001, 0x8000_0000]);
    }
    // Half of the least number and a little more: not a tie.
    assert_eq!(Function::Gelu.apply(LEAST), LEAST);
    assert_eq!(Function::Gelu.apply(-LEAST), 0.0);
    // e^-103.97 is the last above half of the least number.
    assert_eq!([Function::Exp.apply(-103.97), Function::Exp.apply(-103.98)], [LEAST, 0.0]);
}

/// Results of exact arithmetic, most of them near the middle between two floats: `tools/check-functions.py --record`.
#[test]
fn functions_are_correctly_rounded() {
    let mut wrong = Vec::new();
    let lines = include_str!("nearest.txt").lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let mut count = 0;
    for line in lines {
        let [name, input, expected] = line[..] else { panic!("three words in {line:?}") };
        let function = Function::ALL.into_iter().find(|function| format!("{function:?}") == name).unwrap();
        let bits = |word| u32::from_str_radix(word, 16).unwrap();
        let got = function.apply(f32::from_bits(bits(input))).to_bits();
        if got != bits(expected) {
            wrong.push(format!("{name} of {input}: {got:08x}, {expected} expected"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count}: {wrong:#?}", wrong.len());
    assert!(count > 500, "{count} results");
}

#[test]
fn every_exception_is_one() {
    for function in Function::ALL {
        for &(input, output) in function.exceptions() {
            let rounded = function.in_f64(f32::from_bits(input)) as f32;
            assert_eq!(rounded.to_bits().abs_diff(output), 1, "{function:?} of {input:08x}");
        }
    }
}
