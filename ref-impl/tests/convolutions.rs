//! CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on examples small enough to compute by hand.

mod random;

use ottava_ref::ops::conv_params::ConvParams;
use ottava_ref::ops::conv2d::conv2d;
use ottava_ref::ops::depthwise_conv2d::depthwise_conv2d;
use ottava_ref::ops::fully_connected::{FcRequant, FullyConnectedParams, fully_connected};
use ottava_ref::{ActivationRange, Multiplier, Quantized};
use random::Random;

const ONE: Multiplier = Multiplier { mantissa: 1 << 30, shift: 1 };

/// A convolution that returns its accumulators: multiplier one, zero points zero.
fn plain_conv(input_shape: [usize; 4], filter_shape: [usize; 4], output_shape: [usize; 4]) -> ConvParams<'static> {
    ConvParams {
        input_shape,
        filter_shape,
        output_shape,
        stride: [1, 1],
        dilation: [1, 1],
        pad_top: 0,
        pad_left: 0,
        input_zero_point: 0,
        filter_zero_point: 0,
        multipliers: &[ONE],
        output_zero_point: 0,
        activation: ActivationRange::full::<i8>(),
    }
}

fn run_conv<X: Quantized>(params: &ConvParams<'_>, input: &[X], filter: &[X], bias: &[i32]) -> Vec<i32> {
    let mut output = vec![X::from_clamped(0); params.output_shape.iter().product()];
    conv2d(params, input, filter, Some(bias), &mut output);
    output.into_iter().map(X::to_i32).collect()
}

#[test]
fn conv2d_slides_a_window() {
    let params = plain_conv([1, 3, 3, 1], [1, 2, 2, 1], [1, 2, 2, 1]);
    let input = [1_i8, 2, 3, 4, 5, 6, 7, 8, 9];
    // Rows of the filter: 1 10 / -1 0.
    assert_eq!(run_conv(&params, &input, &[1, 10, -1, 0], &[0]), [17, 27, 47, 57]);
    assert_eq!(run_conv(&params, &input, &[1, 10, -1, 0], &[80]), [97, 107, 127, 127]);
}

#[test]
fn conv2d_padding_adds_nothing_whatever_the_zero_point() {
    let mut params = plain_conv([1, 2, 2, 1], [1, 3, 3, 1], [1, 2, 2, 1]);
    (params.pad_top, params.pad_left) = (1, 1);
    let ones = [1; 9];
    assert_eq!(run_conv::<i8>(&params, &[1, 2, 3, 4], &ones, &[0]), [10; 4]);
    params.input_zero_point = 1;
    assert_eq!(run_conv::<i8>(&params, &[1, 2, 3, 4], &ones, &[0]), [6; 4]);
    // A border on one side only: the windows of the first row and column lack taps.
    params.output_shape = [1, 1, 1, 1];
    assert_eq!(run_conv::<i8>(&params, &[1, 2, 3, 4], &[9, 9, 9, 9, 1, 0, 9, 0, 2], &[0]), [6]);
}

#[test]
fn conv2d_strides_and_dilates() {
    let input: Vec<i8> = (0..25).collect();
    let mut params = plain_conv([1, 5, 5, 1], [1, 2, 2, 1], [1, 2, 1, 1]);
    (params.stride, params.dilation) = ([2, 3], [1, 3]);
    // Taps (0,0), (0,3), (1,0), (1,3) and two rows further down.
    assert_eq!(run_conv(&params, &input, &[1, 1, 1, 1], &[0]), [3 + 5 + 8, 10 + 13 + 15 + 18]);
}

#[test]
fn conv2d_groups_see_their_own_channels() {
    let mut params = plain_conv([1, 1, 1, 4], [4, 1, 1, 2], [1, 1, 1, 4]);
    let filter = [1_i8, 0, 0, 1, 1, 0, 0, 1];
    assert_eq!(run_conv(&params, &[5, 6, 7, 8], &filter, &[0; 4]), [5, 6, 7, 8]);
    assert_eq!(run_conv(&params, &[5, 6, 7, 8], &filter, &[1, 2, 3, 4]), [6, 8, 10, 12]);
    let half = Multiplier { mantissa: 1 << 30, shift: 0 };
    let multipliers = [ONE, half, ONE, half];
    params.multipliers = &multipliers;
    params.output_zero_point = -10;
    // The halves of 6 and 8 are exact.
    assert_eq!(run_conv(&params, &[5, 6, 7, 8], &filter, &[0; 4]), [-5, -7, -3, -6]);
}

#[test]
fn conv2d_takes_both_zero_points_of_uint8() {
    let mut params = plain_conv([1, 1, 1, 3], [1, 1, 1, 3], [1, 1, 1, 1]);
    (params.input_zero_point, params.filter_zero_point) = (128, 100);
    params.activation = ActivationRange { lo: 10, hi: 200 };
    params.output_zero_point = 20;
    // (128-128)(7-100) + (130-128)(101-100) + (127-128)(90-100) = 0 + 2 + 10
    assert_eq!(run_conv::<u8>(&params, &[128, 130, 127], &[7, 101, 90], &[0]), [32]);
    assert_eq!(run_conv::<u8>(&params, &[128, 130, 127], &[7, 101, 90], &[-100]), [10]);
    assert_eq!(run_conv::<u8>(&params, &[255, 255, 255], &[255, 255, 255], &[0]), [200]);
}

#[test]
fn conv2d_accumulators_wrap() {
    let params = plain_conv([1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]);
    // 2^31 - 1 + 1 = -2^31, which doubles to 0 under the left shift of the multiplier.
    assert_eq!(run_conv::<i8>(&params, &[1], &[1], &[i32::MAX]), [0]);
    assert_eq!(run_conv::<i8>(&params, &[1], &[1], &[i32::MAX - 1]), [-1]);
}

#[test]
#[should_panic(expected = "the input holds 3 elements, its shape 4")]
fn conv2d_refuses_a_slice_of_the_wrong_length() {
    run_conv::<i8>(&plain_conv([1, 1, 1, 4], [1, 1, 1, 4], [1, 1, 1, 1]), &[0; 3], &[0; 4], &[0]);
}

#[test]
#[should_panic(expected = "cannot divide 4 input channels into groups")]
fn conv2d_refuses_uneven_groups() {
    run_conv::<i8>(&plain_conv([1, 1, 1, 4], [1, 1, 1, 3], [1, 1, 1, 1]), &[0; 4], &[0; 3], &[0]);
}

#[test]
fn depthwise_equals_a_convolution_with_one_group_per_channel() {
    let mut random = Random(1);
    for _ in 0..50 {
        let mut extent = |hi| random.between(1, hi) as usize;
        let (h, w, channels, depth_multiplier) = (extent(6), extent(6), extent(4), extent(3));
        let (kh, kw, outputs) = (extent(3), extent(3), channels * depth_multiplier);
        let input: Vec<u8> = (0..h * w * channels).map(|_| random.bits() as u8).collect();
        // [KH, KW, O] for the one, [O, KH, KW] for the other.
        let filter: Vec<u8> = (0..kh * kw * outputs).map(|_| random.bits() as u8).collect();
        let transposed: Vec<u8> = (0..outputs)
            .flat_map(|o| (0..kh * kw).map(move |tap| (o, tap)))
            .map(|(o, tap)| filter[tap * outputs + o])
            .collect();
        let bias: Vec<i32> = (0..outputs).map(|_| random.between(-5000, 5000) as i32).collect();
        let multipliers: Vec<Multiplier> =
            (0..outputs).map(|_| Multiplier::from_f64(random.between(1, 100) as f64 / 1e4).unwrap()).collect();
        let conv = ConvParams {
            stride: [2, 1],
            dilation: [1, 2],
            pad_top: kh / 2,
            pad_left: kw - 1,
            input_zero_point: random.between(0, 255) as i32,
            filter_zero_point: random.between(0, 255) as i32,
            multipliers: &multipliers,
            output_zero_point: 100,
            activation: ActivationRange { lo: 3, hi: 250 },
            ..plain_conv([1, h, w, channels], [outputs, kh, kw, 1], [1, h.div_ceil(2), w, outputs])
        };
        let depthwise = ConvParams {
            input_shape: conv.input_shape,
            filter_shape: [1, kh, kw, outputs],
            output_shape: conv.output_shape,
            stride: conv.stride,
            dilation: conv.dilation,
            pad_top: conv.pad_top,
            pad_left: conv.pad_left,
            input_zero_point: conv.input_zero_point,
            filter_zero_point: conv.filter_zero_point,
            multipliers: conv.multipliers,
            output_zero_point: conv.output_zero_point,
            activation: conv.activation,
        };
        let mut output = vec![0_u8; conv.output_shape.iter().product()];
        depthwise_conv2d(&depthwise, &input, &filter, Some(&bias), &mut output);
        let output: Vec<i32> = output.into_iter().map(i32::from).collect();
        assert_eq!(output, run_conv(&conv, &input, &transposed, &bias), "{conv:?}");
    }
}

#[test]
fn fully_connected_overflows_32_bits_like_the_oracle() {
    for (output_zero_point, expected) in [(-5, 127), (0, -128), (5, -128)] {
        let params = FullyConnectedParams {
            batches: 2,
            input_depth: 1,
            output_depth: 1,
            input_zero_point: 0,
            filter_zero_point: 0,
            requant: FcRequant::F64Round(&[1e9]),
            output_zero_point,
            activation: ActivationRange::full::<i8>(),
        };
        let mut output = [0_i8; 2];
        // ±3e9 both convert to the minimum, from where a negative zero point wraps around.
        fully_connected(&params, &[3_i8, -3], &[1_i8], None::<&[i32]>, &mut output);
        assert_eq!(output, [expected; 2], "zero point {output_zero_point}");
    }
}

#[test]
fn fully_connected_rounds_once_or_twice() {
    let mut params = FullyConnectedParams {
        batches: 2,
        input_depth: 2,
        output_depth: 1,
        input_zero_point: 1,
        filter_zero_point: 0,
        requant: FcRequant::F64Round(&[0.25]),
        output_zero_point: 0,
        activation: ActivationRange::full::<i8>(),
    };
    let (input, filter) = ([2_i8, 3, 1, 7], [1_i8, 2]);
    let mut output = [0_i8; 2];
    // Accumulators 1·1 + 2·2 = 5 and 0·1 + 6·2 = 12.
    fully_connected(&params, &input, &filter, None::<&[i32]>, &mut output);
    assert_eq!(output, [1, 3]);
    fully_connected(&params, &input, &filter, Some(&[1]), &mut output);
    // 6 / 4 and 13 / 4.
    assert_eq!(output, [2, 3]);
    let quarter = [Multiplier { mantissa: 1 << 30, shift: -1 }];
    params.requant = FcRequant::Gemmlowp(&quarter);
    fully_connected(&params, &input, &filter, None::<&[i32]>, &mut output);
    assert_eq!(output, [2, 3]);
}
