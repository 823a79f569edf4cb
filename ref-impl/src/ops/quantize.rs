//! QUANTIZE from f32 (`docs/numerics.md` §7.19).

use crate::element::Quantized;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real::to_stored;

/// Parameters of [`quantize`].
#[derive(Clone, Copy, Debug)]
pub struct QuantizeParams {
    /// Scale of the output.
    pub scale: f32,
    /// Zero point of the output.
    pub zero_point: i32,
}

/// Divides by the scale in f32, rounds half away from zero, adds the zero point, saturates. NaN
/// becomes the zero point.
///
/// # Panics
/// When input and output differ in length.
pub fn quantize<X: Quantized>(params: &QuantizeParams, input: &[f32], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = X::from_clamped(to_stored((x / params.scale).round(), params.zero_point));
    }
}

/// [`quantize`] with parameters of its own for each index of one dimension, whose elements lie
/// `inner` apart.
///
/// # Panics
/// When input and output differ in length.
pub fn quantize_per_channel<X: Quantized>(params: &[QuantizeParams], inner: usize, input: &[f32], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for ((x, out), channel) in input.chunks(inner).zip(output.chunks_mut(inner)).zip(params.iter().cycle()) {
        quantize(channel, x, out);
    }
}
