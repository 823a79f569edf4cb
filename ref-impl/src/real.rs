//! Real functions that operators evaluate in f32: the same bits on every machine.
//!
//! Operators that are functions of real numbers take them from the C library upstream, where the last
//! bit differs between systems. Here each one is evaluated in f64 by portable code and rounded once
//! to f32. [`nearest`] has those of float32 operators, whose results are the nearest f32 to the exact
//! value for every input; `tools/check-functions.py` checks that.

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

pub mod nearest;

/// `e^x`.
pub fn exp(x: f32) -> f32 {
    libm::exp(f64::from(x)) as f32
}

/// `e^x - 1`.
pub fn exp_minus_one(x: f32) -> f32 {
    libm::expm1(f64::from(x)) as f32
}

/// The natural logarithm.
pub fn ln(x: f32) -> f32 {
    libm::log(f64::from(x)) as f32
}

/// The hyperbolic tangent.
pub fn tanh(x: f32) -> f32 {
    libm::tanh(f64::from(x)) as f32
}

/// The complementary error function.
pub fn erfc(x: f32) -> f32 {
    libm::erfc(f64::from(x)) as f32
}

/// `1 / (1 + e^-x)`, each step rounded to f32.
pub fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `x · (1 - erfc(x / √2) / 2)`, written so that nothing cancels; each step rounded to f32.
pub fn gelu(x: f32) -> f32 {
    0.5 * x * erfc(x * -core::f32::consts::FRAC_1_SQRT_2)
}

/// [`gelu`] through the hyperbolic tangent; each step rounded to f32.
pub fn gelu_by_tanh(x: f32) -> f32 {
    /// √(2/π).
    const SQRT_2_OVER_PI: f32 = (core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2) as f32;
    0.5 * x * (1.0 + tanh(SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x)))
}

/// `e^x - 1` below 0, `x` above.
pub fn elu(x: f32) -> f32 {
    if x < 0.0 { exp_minus_one(x) } else { x }
}

/// The number, or the one NaN that operators compute: which NaN an instruction gives depends on the processor and on the
/// order of its operands.
pub fn one_nan(x: f32) -> f32 {
    if x.is_nan() { f32::NAN } else { x }
}

/// The base-2 logarithm of a scale that is nearly a power of two, with the reference's tolerance.
pub fn log2_of_power(scale: f32) -> Option<i32> {
    const TOLERANCE: f32 = 1e-3;
    let log2 = ln(scale) * (1.0 / core::f32::consts::LN_2);
    let rounded = log2.round();
    ((log2 - rounded).abs() < TOLERANCE).then_some(rounded as i32)
}

/// A rounded quotient in units of an output's scale as a stored value before clamping: values out
/// of 32 bits saturate, NaN counts as 0 and so becomes the zero point.
pub fn to_stored(rounded: f32, zero_point: i32) -> i32 {
    (rounded as i32).saturating_add(zero_point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_saturate_and_nan_is_the_zero_point() {
        assert_eq!(to_stored(3e9, 5), i32::MAX);
        assert_eq!(to_stored(-3e9, -5), i32::MIN);
        assert_eq!(to_stored(f32::NAN, -7), -7);
        assert_eq!(to_stored(2.0, -7), -5);
    }
}
