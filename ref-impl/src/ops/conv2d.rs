//! CONV_2D (`docs/numerics.md` §4).

use super::{check_per_channel, finish, per_channel};
use crate::accumulator::Accumulator;
use crate::activation::ActivationRange;
use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::geometry::{Axis, tap_position};
use crate::shape::{check_length, element_count};

/// Parameters of [`conv2d`].
#[derive(Clone, Debug)]
pub struct Conv2dParams<'a> {
    /// NHWC.
    pub input_shape: [usize; 4],
    /// OHWI; I divides the input's channels, the quotient is the number of groups.
    pub filter_shape: [usize; 4],
    /// NHWC.
    pub output_shape: [usize; 4],
    /// Step between windows, vertical and horizontal.
    pub stride: [usize; 2],
    /// Step between taps, vertical and horizontal.
    pub dilation: [usize; 2],
    /// Rows of padding above the input.
    pub pad_top: usize,
    /// Columns of padding left of the input.
    pub pad_left: usize,
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Zero point of the filter; 0 for int8.
    pub filter_zero_point: i32,
    /// One for all output channels, or one each.
    pub multipliers: &'a [Multiplier],
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// 2-D convolution: input NHWC, filter OHWI, output NHWC. Taps in the padding contribute nothing.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or `multipliers` has
/// neither one element nor one per output channel.
pub fn conv2d<X: Quantized, W: Quantized, A: Accumulator>(
    params: &Conv2dParams<'_>,
    input: &[X],
    filter: &[W],
    bias: Option<&[A]>,
    output: &mut [X],
) {
    check(params, input.len(), filter.len(), bias.map(<[A]>::len), output.len());
    let [batches, input_h, input_w, input_c] = params.input_shape;
    let [_, filter_h, filter_w, group_c] = params.filter_shape;
    let [_, output_h, output_w, output_c] = params.output_shape;
    let (vertical, horizontal) = axes(params);
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

/// `Σ (x - x_zero_point) · (w - w_zero_point)` over two runs of equal length, wrapping.
pub(crate) fn dot<X: Quantized, W: Quantized, A: Accumulator>(
    (xs, x_zero_point): (&[X], i32),
    (ws, w_zero_point): (&[W], i32),
) -> A {
    xs.iter().zip(ws).fold(A::default(), |sum, (x, w)| {
        sum.add_product(x.to_i32().wrapping_sub(x_zero_point), w.to_i32().wrapping_sub(w_zero_point))
    })
}

fn axes(params: &Conv2dParams<'_>) -> (Axis, Axis) {
    let axis = |i: usize, pad_before: usize| Axis {
        input: params.input_shape[1 + i],
        stride: params.stride[i],
        dilation: params.dilation[i],
        pad_before,
    };
    (axis(0, params.pad_top), axis(1, params.pad_left))
}

fn check(params: &Conv2dParams<'_>, input: usize, filter: usize, bias: Option<usize>, output: usize) {
    check_length("the input", input, element_count(&params.input_shape));
    check_length("the filter", filter, element_count(&params.filter_shape));
    check_length("the output", output, element_count(&params.output_shape));
    let [batches, _, _, input_c] = params.input_shape;
    let [filters, _, _, group_c] = params.filter_shape;
    let [output_batches, _, _, output_c] = params.output_shape;
    assert_eq!(batches, output_batches, "batches of input and output");
    assert_eq!(filters, output_c, "filters and output channels");
    assert!(
        group_c > 0 && input_c >= group_c && input_c.is_multiple_of(group_c),
        "filters of {group_c} channels cannot divide {input_c} input channels into groups"
    );
    let groups = input_c / group_c;
    assert!(output_c.is_multiple_of(groups), "{output_c} output channels are no multiple of {groups} groups");
    if let Some(bias) = bias {
        check_length("the bias", bias, output_c);
    }
    check_per_channel("multipliers", params.multipliers.len(), output_c);
}
