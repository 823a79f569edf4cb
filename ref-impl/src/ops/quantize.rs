//! QUANTIZE from f32 (`docs/numerics.md` §7.19).

use crate::element::Quantized;
use crate::fixed::truncate_to_i32;

/// Parameters of [`quantize`].
#[derive(Clone, Copy, Debug)]
pub struct QuantizeParams {
    /// Scale of the output.
    pub scale: f32,
    /// Zero point of the output.
    pub zero_point: i32,
}

/// Divides by the scale in f32, rounds half away from zero, adds the zero point, saturates.
/// A quotient that does not fit 32 bits and NaN both act as `i32::MIN`, as on the oracle's machine.
///
/// # Panics
/// When input and output differ in length.
pub fn quantize<X: Quantized>(params: &QuantizeParams, input: &[f32], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        let rounded = truncate_to_i32(f64::from((x / params.scale).round()));
        *out = X::from_clamped(rounded.wrapping_add(params.zero_point));
    }
}
