//! AVERAGE_POOL_2D (`docs/numerics.md` §7.1).

use super::max_pool2d::{Pool2dParams, for_each_window};
use crate::element::Quantized;
use crate::number::Number;
use crate::real::one_nan;

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
        X::from_clamped(params.activation.clamp(average))
    });
}

/// [`average_pool2d`] of real numbers (`docs/numerics.md` §14): the sum from 0 in the order of rows and columns, each
/// addition rounded, divided by the count.
///
/// # Panics
/// As [`average_pool2d`].
pub fn average_pool2d_f32(params: &Pool2dParams<[f32; 2]>, input: &[f32], output: &mut [f32]) {
    for_each_window(params, input, output, |window| {
        assert!(!window.is_empty(), "a window lies entirely in the padding");
        let sum = window.iter().fold(0.0_f32, |sum, x| sum + x);
        one_nan(sum / window.len() as f32).clamp_to(params.activation)
    });
}
