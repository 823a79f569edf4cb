//! FULLY_CONNECTED of float32 activations and int8 weights (`docs/numerics.md` §15).

use alloc::vec;

use super::dynamic_range::{Symmetry, dot, quantize_row};
use super::fully_connected::FloatFullyConnectedParams;
use super::{check_per_channel, per_channel};
use crate::number::Number;
use crate::shape::check_length;

/// [`super::fully_connected::fully_connected`] of real numbers that become int8 row by row.
///
/// # Panics
/// When a slice does not match its shape, or there is neither one scale nor one for each output channel.
pub fn fully_connected_hybrid(
    (params, symmetry): (&FloatFullyConnectedParams, Symmetry),
    input: &[f32],
    (filter, scales): (&[i8], &[f32]),
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let FloatFullyConnectedParams { batches, input_depth: depth, output_depth: channels, range } = *params;
    check_length("the input", input.len(), batches * depth);
    check_length("the filter", filter.len(), channels * depth);
    check_length("the output", output.len(), batches * channels);
    check_per_channel("scales", scales.len(), channels);
    if let Some(bias) = bias {
        check_length("the bias", bias.len(), channels);
    }
    let nothing = input.iter().all(|&x| x == 0.0);
    let mut stored = vec![0; depth];
    for batch in 0..batches {
        let of_row = quantize_row(symmetry, &input[batch * depth..(batch + 1) * depth], &mut stored);
        for channel in 0..channels {
            let start = bias.map_or(0.0, |bias| bias[channel]);
            let sum = dot(&stored, &filter[channel * depth..(channel + 1) * depth], of_row.zero_point);
            let product = sum as f32 * (of_row.scale * per_channel(scales, channel));
            let out = if nothing { start } else { start + product };
            output[batch * channels + channel] = out.one_nan().clamp_to(range);
        }
    }
}
