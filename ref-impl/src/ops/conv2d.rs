//! CONV_2D (`docs/numerics.md` §4).

use super::conv_params::{ConvParams, FloatConvParams, Geometry, Lengths, finish_f32, fused_dot};
use super::{finish, per_channel};
use crate::accumulator::Accumulator;
use crate::element::Quantized;
use crate::geometry::tap_position;

/// 2-D convolution: input NHWC, filter OHWI, output NHWC. I divides the input's channels, the quotient is the number of
/// groups. Taps in the padding contribute nothing.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or `multipliers` has
/// neither one element nor one per output channel.
pub fn conv2d<X: Quantized, W: Quantized, A: Accumulator>(
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
    let [batches, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, group_c] = params.filter_shape;
    let [_, output_h, output_w, output_c] = params.output_shape;
    let (vertical, horizontal) = params.geometry().axes();
    let group_outputs = output_c / (input_c / group_c);

    let mut next = output.iter_mut();
    for batch in 0..batches {
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for channel in 0..output_c {
                    let first_c = channel / group_outputs * group_c;
                    let mut accumulator = A::default();
                    for filter_y in 0..filter_h {
                        let Some(y) = tap_position(&vertical, output_y, filter_y) else {
                            continue;
                        };
                        for filter_x in 0..filter_w {
                            let Some(x) = tap_position(&horizontal, output_x, filter_x) else {
                                continue;
                            };
                            let at = ((batch * input_h + y) * input_w + x) * input_c + first_c;
                            let tap = ((channel * filter_h + filter_y) * filter_w + filter_x) * group_c;
                            accumulator = accumulator.add(dot(
                                (&input[at..at + group_c], params.input_zero_point),
                                (&filter[tap..tap + group_c], params.filter_zero_point),
                            ));
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

/// [`conv2d`] of real numbers (`docs/numerics.md` §14): each sum begins with 0 and takes its products in the order of
/// rows, columns and channels of the window, each fused, then the bias.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not match each other.
pub fn conv2d_f32(params: &FloatConvParams, input: &[f32], filter: &[f32], bias: Option<&[f32]>, output: &mut [f32]) {
    let geometry = params.geometry();
    geometry.check_floats([input, filter, output], bias);
    check_channels(&geometry);
    let [batches, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, group_c] = params.filter_shape;
    let [_, output_h, output_w, output_c] = params.output_shape;
    let (vertical, horizontal) = geometry.axes();
    let group_outputs = output_c / (input_c / group_c);

    let mut next = output.iter_mut();
    for batch in 0..batches {
        for output_y in 0..output_h {
            for output_x in 0..output_w {
                for channel in 0..output_c {
                    let first_c = channel / group_outputs * group_c;
                    let mut sum = 0.0;
                    for filter_y in 0..filter_h {
                        let Some(y) = tap_position(&vertical, output_y, filter_y) else {
                            continue;
                        };
                        for filter_x in 0..filter_w {
                            let Some(x) = tap_position(&horizontal, output_x, filter_x) else {
                                continue;
                            };
                            let at = ((batch * input_h + y) * input_w + x) * input_c + first_c;
                            let tap = ((channel * filter_h + filter_y) * filter_w + filter_x) * group_c;
                            sum = fused_dot(sum, &input[at..at + group_c], &filter[tap..tap + group_c]);
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

/// `Σ (x - x_zero_point) · (w - w_zero_point)` over two runs of equal length, wrapping.
pub(crate) fn dot<X: Quantized, W: Quantized, A: Accumulator>(
    (xs, x_zero_point): (&[X], i32),
    (ws, w_zero_point): (&[W], i32),
) -> A {
    xs.iter().zip(ws).fold(A::default(), |sum, (x, w)| {
        sum.add_product(x.to_i32().wrapping_sub(x_zero_point), w.to_i32().wrapping_sub(w_zero_point))
    })
}

pub(super) fn check_channels(geometry: &Geometry) {
    let [_, _, _, input_c] = geometry.input_shape;
    let [filters, _, _, group_c] = geometry.filter_shape;
    let [_, _, _, output_c] = geometry.output_shape;
    assert_eq!(filters, output_c, "filters and output channels");
    assert!(
        group_c > 0 && input_c >= group_c && input_c.is_multiple_of(group_c),
        "filters of {group_c} channels cannot divide {input_c} input channels into groups"
    );
    let groups = input_c / group_c;
    assert!(output_c.is_multiple_of(groups), "{output_c} output channels are no multiple of {groups} groups");
}
