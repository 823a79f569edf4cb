//! AVERAGE_POOL_2D (`docs/numerics.md` §7.1).

use super::max_pool2d::{Pool2dParams, for_each_window};
use crate::element::Quantized;

/// Average of the raw values inside the image, rounded half away from zero in stored units, then
/// clamped. Padding counts neither in the sum nor in the divisor; nothing is requantized.
///
/// # Panics
/// When a slice does not match its shape, the shapes do not match each other, or a window lies
/// entirely in the padding.
pub fn average_pool2d<X: Quantized>(params: &Pool2dParams, input: &[X], output: &mut [X]) {
    for_each_window(params, input, output, |window| {
        let count = window.len() as i32;
        assert!(count > 0, "a window lies entirely in the padding");
        let sum = window.iter().fold(0_i32, |sum, x| sum.wrapping_add(x.to_i32()));
        let half = count / 2;
        let average = if sum > 0 { sum.wrapping_add(half) / count } else { sum.wrapping_sub(half) / count };
        params.activation.clamp(average)
    });
}
