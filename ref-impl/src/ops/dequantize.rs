//! DEQUANTIZE to f32 (`docs/numerics.md` §7.21).

use crate::element::Quantized;

/// Parameters of [`dequantize`].
#[derive(Clone, Copy, Debug)]
pub struct DequantizeParams {
    /// Scale of the input.
    pub scale: f32,
    /// Zero point of the input.
    pub zero_point: i32,
}

/// The real value of each stored value: the f64 product, rounded to f32.
///
/// # Panics
/// When input and output differ in length.
pub fn dequantize<X: Quantized>(params: &DequantizeParams, input: &[X], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let centred = x.to_i32().wrapping_sub(params.zero_point);
        *out = (f64::from(params.scale) * f64::from(centred)) as f32;
    }
}

/// [`dequantize`] with parameters of its own for each index of one dimension, whose elements lie
/// `inner` apart.
///
/// # Panics
/// When input and output differ in length.
pub fn dequantize_per_channel<X: Quantized>(
    params: &[DequantizeParams],
    inner: usize,
    input: &[X],
    output: &mut [f32],
) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for ((x, out), channel) in input.chunks(inner).zip(output.chunks_mut(inner)).zip(params.iter().cycle()) {
        dequantize(channel, x, out);
    }
}
