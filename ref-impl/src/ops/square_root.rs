//! SQRT and RSQRT (`docs/numerics.md` §7.25).

use crate::element::Quantized;
use crate::error::{Error, Result};
use crate::fixed::{Multiplier, inverse_sqrt};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::ops::interpolated::Interpolated;
use crate::ops::real_function::RealFunctionParams;
use crate::real::{one_nan, to_stored};

/// SQRT: dequantized, rooted and divided in f32, then truncated.
///
/// # Errors
/// When an element is negative.
///
/// # Panics
/// When input and output differ in length.
pub fn sqrt<X: Quantized>(params: &RealFunctionParams, input: &[X], output: &mut [X]) -> Result<()> {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let real = params.input_scale * x.to_i32().wrapping_sub(params.input_zero_point) as f32;
        if real < 0.0 {
            return Err(Error::RootOfNegative(real));
        }
        *out = X::from_clamped(to_stored(real.sqrt() / params.output_scale, params.output_zero_point));
    }
    Ok(())
}

/// SQRT of real values; NaN for negative ones.
///
/// # Panics
/// When input and output differ in length.
pub fn sqrt_f32(input: &[f32], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = one_nan(x.sqrt());
    }
}

/// RSQRT of real values; NaN for negative ones.
///
/// # Panics
/// When input and output differ in length.
pub fn reciprocal_sqrt_f32(input: &[f32], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = one_nan(1.0 / x.sqrt());
    }
}

/// Fraction bits of the reciprocal root before its scale is applied.
const ROOT_BITS: i32 = 20;

/// Parameters of [`reciprocal_sqrt`].
#[derive(Clone, Copy, Debug)]
pub struct ReciprocalSqrtParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// From the reciprocal root of a stored value, 20 bits finer, to the output's scale.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

impl ReciprocalSqrtParams {
    /// From scale and zero point of `input` and `output`.
    ///
    /// # Errors
    /// When the scales give a multiplier that is not finite or too large.
    pub fn new(input: (f32, i32), output: (f32, i32)) -> Result<Self> {
        let Multiplier { mantissa, shift } = Multiplier::from_f64(1.0 / f64::from(input.0.sqrt() * output.0))?;
        let shift = shift - ROOT_BITS;
        // So small a factor leaves nothing.
        let multiplier = if shift < -31 { Multiplier::default() } else { Multiplier { mantissa, shift } };
        Ok(Self { input_zero_point: input.1, multiplier, output_zero_point: output.1 })
    }
}

/// RSQRT on int8 tensors; the greatest value for the reciprocal root of 0.
///
/// # Errors
/// When an element is negative.
///
/// # Panics
/// When input and output differ in length.
pub fn reciprocal_sqrt<X: Quantized>(params: &ReciprocalSqrtParams, input: &[X], output: &mut [X]) -> Result<()> {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let centred = x.to_i32().wrapping_sub(params.input_zero_point);
        if centred < 0 {
            return Err(Error::RootOfNegative(centred as f32));
        }
        *out = if centred == 0 {
            X::from_clamped(X::MAX)
        } else {
            let Multiplier { mantissa, shift } = inverse_sqrt(centred);
            let root = Multiplier { mantissa, shift: shift + ROOT_BITS }.apply(1);
            X::from_clamped(params.multiplier.apply(root).wrapping_add(params.output_zero_point))
        };
    }
    Ok(())
}

/// RSQRT on int16 tensors through a table.
///
/// # Errors
/// When an element is negative.
///
/// # Panics
/// When input and output differ in length.
pub fn reciprocal_sqrt16(table: &Interpolated, input: &[i16], output: &mut [i16]) -> Result<()> {
    if let Some(&x) = input.iter().find(|x| **x < 0) {
        return Err(Error::RootOfNegative(f32::from(x)));
    }
    table.apply(input, output);
    Ok(())
}
