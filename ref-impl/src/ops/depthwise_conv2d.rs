//! DEPTHWISE_CONV_2D (`docs/numerics.md` §5).

use super::conv_params::{ConvParams, FloatConvParams, Geometry, Lengths, finish_f32, fused_dot};
use super::{finish, per_channel};
use crate::accumulator::Accumulator;
use crate::element::Quantized;
use crate::geometry::tap_position;

/// Depthwise 2-D convolution: output channel `ic · multiplier + m` sees input channel `ic` only. The filter is 1HWO; O is
/// a multiple of the input's channels, the quotient is the depth multiplier.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or `multipliers` has
/// neither one element nor one per output channel.
pub fn depthwise_conv2d<X: Quantized, W: Quantized, A: Accumulator>(
    params: &ConvParams<'_>,
    input: &[X],
    filter: &[W],
    bias: Option<&[A]>,
    output: &mut [X],
) {
    params.check(&Lengths {
        input: input.len(),
        filter: filter.len(),
        bias: bias.map(<[A]>::len),
        output: output.len(),
    });
    check_channels(&params.geometry());
    let [_, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, _] = params.filter_shape;
    let [batches, output_h, output_w, output_c] = params.output_shape;
    let (vertical, horizontal) = params.geometry().axes();
    let depth_multiplier = output_c / input_c;

    let mut next = output.iter_mut();
    for batch in 0..batches {
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for channel in 0..output_c {
                    let input_channel = channel / depth_multiplier;
                    let mut accumulator = A::default();
                    for filter_y in 0..filter_h {
                        let Some(y) = tap_position(&vertical, output_y, filter_y) else {
                            continue;
                        };
                        for filter_x in 0..filter_w {
                            let Some(x) = tap_position(&horizontal, output_x, filter_x) else {
                                continue;
                            };
                            let at = ((batch * input_h + y) * input_w + x) * input_c + input_channel;
                            let tap = (filter_y * filter_w + filter_x) * output_c + channel;
                            let x = input[at].to_i32().wrapping_sub(params.input_zero_point);
                            let w = filter[tap].to_i32().wrapping_sub(params.filter_zero_point);
                            accumulator = accumulator.add_product(x, w);
                        }
                    }
                    accumulator = accumulator.add(bias.map_or(A::default(), |bias| bias[channel]));
                    let multiplier = per_channel(params.multipliers, channel);
                    if let Some(out) = next.next() {
                        *out = X::from_clamped(finish(
                            accumulator,
                            multiplier,
                            params.output_zero_point,
                            params.activation,
                        ));
                    }
                }
            }
        }
    }
}

/// [`depthwise_conv2d`] of real numbers (`docs/numerics.md` §14): each sum begins with 0 and takes its products in the
/// order of rows and columns of the window, each fused, then the bias.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not match each other.
pub fn depthwise_conv2d_f32(
    params: &FloatConvParams,
    input: &[f32],
    filter: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let geometry = params.geometry();
    geometry.check_floats([input, filter, output], bias);
    check_channels(&geometry);
    let [_, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, _] = params.filter_shape;
    let [batches, output_h, output_w, output_c] = params.output_shape;
    let (vertical, horizontal) = geometry.axes();
    let depth_multiplier = output_c / input_c;

    let mut next = output.iter_mut();
    for batch in 0..batches {
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for channel in 0..output_c {
                    let input_channel = channel / depth_multiplier;
                    let mut sum = 0.0;
                    for filter_y in 0..filter_h {
                        let Some(y) = tap_position(&vertical, output_y, filter_y) else {
                            continue;
                        };
                        for filter_x in 0..filter_w {
                            let Some(x) = tap_position(&horizontal, output_x, filter_x) else {
                                continue;
                            };
                            let at = ((batch * input_h + y) * input_w + x) * input_c + input_channel;
                            let tap = (filter_y * filter_w + filter_x) * output_c + channel;
                            sum = fused_dot(sum, &input[at..=at], &filter[tap..=tap]);
                        }
                    }
                    if let Some(out) = next.next() {
                        *out = finish_f32(sum, bias, channel, params.range);
                    }
                }
            }
        }
    }
}

pub(super) fn check_channels(geometry: &Geometry) {
    let [_, _, _, input_c] = geometry.input_shape;
    let [one, _, _, filter_c] = geometry.filter_shape;
    let [_, _, _, output_c] = geometry.output_shape;
    assert_eq!(one, 1, "the first dimension of a depthwise filter");
    assert_eq!(filter_c, output_c, "filter and output channels");
    assert!(
        input_c > 0 && output_c >= input_c && output_c.is_multiple_of(input_c),
        "{output_c} output channels are no multiple of {input_c} input channels"
    );
}
