//! QUANTIZE from 8 bits to 8 bits (`docs/numerics.md` §7.20).

use crate::element::Quantized;
use crate::fixed::Multiplier;

/// Parameters of [`requantize`].
#[derive(Clone, Copy, Debug)]
pub struct RequantizeParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Input scale over output scale, from [`crate::scales::rescale`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// Brings stored values to another scale, zero point and type.
///
/// # Panics
/// When input and output differ in length.
pub fn requantize<X: Quantized, Y: Quantized>(params: &RequantizeParams, input: &[X], output: &mut [Y]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let centred = x.to_i32().wrapping_sub(params.input_zero_point);
        let scaled = params.multiplier.apply(centred);
        *out = Y::from_clamped(scaled.wrapping_add(params.output_zero_point));
    }
}
