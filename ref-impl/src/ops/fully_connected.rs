//! FULLY_CONNECTED (`docs/numerics.md` §6).

use super::conv_params::{finish_f32, fused_dot};
use super::conv2d::dot;
use super::{check_per_channel, finish, per_channel};
use crate::accumulator::Accumulator;
use crate::activation::ActivationRange;
use crate::element::Quantized;
use crate::fixed::{Multiplier, truncate_to_i32};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::shape::check_length;

/// How the accumulator becomes an output value.
#[derive(Clone, Copy, Debug)]
pub enum FcRequant<'a> {
    /// One rounding, half away from zero, of the f64 product with the effective scale. This is
    /// what the project promises; see [`crate::scales::effective_scales`].
    F64Round(&'a [f64]),
    /// The double rounding of the convolutions, as older runtimes do; see
    /// [`crate::scales::fully_connected_gemmlowp`].
    Gemmlowp(&'a [Multiplier]),
}

/// Parameters of [`fully_connected`].
#[derive(Clone, Debug)]
pub struct FullyConnectedParams<'a> {
    /// Rows of the input.
    pub batches: usize,
    /// Elements of an input row.
    pub input_depth: usize,
    /// Elements of an output row.
    pub output_depth: usize,
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Zero point of the weights; 0 when they have one scale per channel.
    pub filter_zero_point: i32,
    /// One value for all output channels, or one each.
    pub requant: FcRequant<'a>,
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// Matrix product: input `[batches, input_depth]`, weights `[output_depth, input_depth]`, output
/// `[batches, output_depth]`.
///
/// # Panics
/// When a slice does not match its shape, or `requant` has neither one element nor one per output
/// channel.
pub fn fully_connected<X: Quantized, W: Quantized, A: Accumulator>(
    params: &FullyConnectedParams<'_>,
    input: &[X],
    filter: &[W],
    bias: Option<&[A]>,
    output: &mut [X],
) {
    let (batches, depth, channels) = (params.batches, params.input_depth, params.output_depth);
    check_length("the input", input.len(), batches * depth);
    check_length("the filter", filter.len(), channels * depth);
    check_length("the output", output.len(), batches * channels);
    if let Some(bias) = bias {
        check_length("the bias", bias.len(), channels);
    }
    match params.requant {
        FcRequant::F64Round(scales) => check_per_channel("scales", scales.len(), channels),
        FcRequant::Gemmlowp(list) => check_per_channel("multipliers", list.len(), channels),
    }

    for batch in 0..batches {
        for channel in 0..channels {
            let sum: A = dot(
                (&input[batch * depth..(batch + 1) * depth], params.input_zero_point),
                (&filter[channel * depth..(channel + 1) * depth], params.filter_zero_point),
            );
            let accumulator = sum.add(bias.map_or(A::default(), |bias| bias[channel]));
            output[batch * channels + channel] = X::from_clamped(requantize(params, accumulator, channel));
        }
    }
}

/// Parameters of [`fully_connected_f32`].
#[derive(Clone, Copy, Debug)]
pub struct FloatFullyConnectedParams {
    /// Rows of the input.
    pub batches: usize,
    /// Elements of an input row.
    pub input_depth: usize,
    /// Elements of an output row.
    pub output_depth: usize,
    /// Range of the fused activation; the greatest finite magnitudes where there is none.
    pub range: [f32; 2],
}

/// [`fully_connected`] of real numbers (`docs/numerics.md` §14): each sum begins with 0 and takes its products in the
/// order of the row, each fused, then the bias.
///
/// # Panics
/// When a slice does not match its shape.
pub fn fully_connected_f32(
    params: &FloatFullyConnectedParams,
    input: &[f32],
    filter: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let FloatFullyConnectedParams { batches, input_depth: depth, output_depth: channels, range } = *params;
    check_length("the input", input.len(), batches * depth);
    check_length("the filter", filter.len(), channels * depth);
    check_length("the output", output.len(), batches * channels);
    if let Some(bias) = bias {
        check_length("the bias", bias.len(), channels);
    }
    for batch in 0..batches {
        let row = &input[batch * depth..(batch + 1) * depth];
        for channel in 0..channels {
            let sum = fused_dot(0.0, row, &filter[channel * depth..(channel + 1) * depth]);
            output[batch * channels + channel] = finish_f32(sum, bias, channel, range);
        }
    }
}

fn requantize<A: Accumulator>(params: &FullyConnectedParams<'_>, accumulator: A, channel: usize) -> i32 {
    match params.requant {
        FcRequant::F64Round(scales) => {
            let scaled = (accumulator.to_f64() * per_channel(scales, channel)).round();
            params.activation.clamp(truncate_to_i32(scaled).wrapping_add(params.output_zero_point))
        }
        FcRequant::Gemmlowp(multipliers) => {
            finish(accumulator, per_channel(multipliers, channel), params.output_zero_point, params.activation)
        }
    }
}
