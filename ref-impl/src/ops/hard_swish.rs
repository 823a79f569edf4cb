//! HARD_SWISH: `x · clamp(x + 3, 0, 6) / 6` in 16 bits for 8-bit tensors (`docs/numerics.md` §7.12), and in f32 (§14).

use crate::element::Quantized;
use crate::error::{Error, Result};
use crate::fixed::{Multiplier, rounding_divide_by_pot};
use crate::number::Number;
use crate::real::one_nan;

/// Fraction bits that the input gains.
const EXTRA_BITS: u32 = 7;

/// A real factor `mantissa · 2^(exponent - 15)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor16 {
    /// Q0.15 mantissa.
    pub mantissa: i16,
    /// Power of two; positive is a left shift.
    pub exponent: i32,
}

impl Factor16 {
    fn from_f32(real: f32) -> Result<Self> {
        let Multiplier { mantissa, shift } = Multiplier::from_f64(f64::from(real))?;
        let rounded = if mantissa >= i32::MAX - (1 << 15) { i16::MAX } else { ((mantissa + (1 << 15)) >> 16) as i16 };
        Ok(Self { mantissa: rounded, exponent: shift })
    }
}

/// Parameters of [`hard_swish`].
#[derive(Clone, Copy, Debug)]
pub struct HardSwishParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// From the input's scale, 7 bits finer, to the output's; the exponent is not positive.
    pub output: Factor16,
    /// From the input's scale, 7 bits finer, to 3 / 2^15.
    pub ramp: Factor16,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

impl HardSwishParams {
    /// From scale and zero point of `input` and `output`.
    ///
    /// # Errors
    /// When the output's scale is not above about 1/128 of the input's, or a scale is not usable.
    pub fn new(input: (f32, i32), output: (f32, i32)) -> Result<Self> {
        let fine = 1.0 / 128.0 * input.0;
        let ratio = fine / output.0;
        let factor = Factor16::from_f32(ratio)?;
        if factor.exponent > 0 {
            return Err(Error::MultiplierNotBelowOne(f64::from(ratio)));
        }
        Ok(Self {
            input_zero_point: input.1,
            output: factor,
            ramp: Factor16::from_f32(fine / (3.0 / 32768.0))?,
            output_zero_point: output.1,
        })
    }

    /// `clamp(x + 3, 0, 6) / 6` in Q0.15 for an input 7 bits finer than stored.
    fn ramp(&self, fine: i16) -> i32 {
        let Factor16 { mantissa, exponent } = self.ramp;
        let shifted = if exponent > 0 { saturating_shift(fine, exponent - 1) } else { fine };
        let mut scaled = high_product(shifted, mantissa);
        if exponent > 0 {
            scaled = saturating_shift(scaled, 1);
        } else if exponent < 0 {
            scaled = rounding_divide_by_pot(i32::from(scaled), -exponent) as i16;
        }
        (i32::from(scaled) + (1 << 15)) >> 1
    }
}

/// The function, element by element.
///
/// # Panics
/// When input and output differ in length.
pub fn hard_swish<X: Quantized>(params: &HardSwishParams, input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let fine = (x.to_i32().wrapping_sub(params.input_zero_point) << EXTRA_BITS) as i16;
        let scaled = i32::from(high_product(fine, params.output.mantissa));
        // Truncation, unlike everywhere else.
        let product = (params.ramp(fine) * scaled) / (1 << 15);
        let result = rounding_divide_by_pot(product, -params.output.exponent);
        *out = X::from_clamped(result.wrapping_add(params.output_zero_point));
    }
}

/// `a·b / 2^15` rounded, ties towards +∞; the one product that does not fit saturates.
fn high_product(a: i16, b: i16) -> i16 {
    let product = i32::from(a) * i32::from(b);
    ((product + (1 << 14)) >> 15).min(i32::from(i16::MAX)) as i16
}

/// `value · 2^exponent`, saturating.
fn saturating_shift(value: i16, exponent: i32) -> i16 {
    let shifted = i64::from(value) << exponent.min(31);
    shifted.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

/// HARD_SWISH of real numbers, each of its four operations rounded: `x · clamp(x + 3, 0, 6)`, divided by 6.
///
/// # Panics
/// When input and output differ in length.
pub fn hard_swish_f32(input: &[f32], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = one_nan(x * (x + 3.0).clamp_to([0.0, 6.0]) / 6.0);
    }
}
