//! DIV and FLOOR_DIV (`docs/numerics.md` §7.27).

use crate::activation::ActivationRange;
use crate::broadcast::{Pair, map_pairs, try_map_pairs};
use crate::element::Quantized;
use crate::error::{Error, Result};
use crate::fixed::{Multiplier, rounding_divide_by_pot, saturating_rounding_doubling_high_mul};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::number::Number;
use crate::ops::softmax::one_over_one_plus_x;
use crate::real::one_nan;

/// Parameters of [`div`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DivParams {
    /// Zero points of the operands.
    pub input_zero_points: [i32; 2],
    /// From [`crate::scales::div`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// Quotient with broadcasting.
///
/// # Errors
/// When a divisor is its zero point.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn div<X: Quantized>(params: &DivParams, [a, b]: Pair<'_, X>, output: &mut [X]) -> Result<()> {
    let [zero1, zero2] = params.input_zero_points;
    try_map_pairs(a, b, output, |a, b| {
        let (dividend, divisor) = (a.to_i32().wrapping_sub(zero1), b.to_i32().wrapping_sub(zero2));
        if divisor == 0 {
            return Err(Error::DivisionByZero);
        }
        let scaled = quotient(dividend, divisor, params.multiplier);
        Ok(X::from_clamped(params.activation.clamp(scaled.saturating_add(params.output_zero_point))))
    })
}

/// `dividend / divisor · multiplier`, rounded: the reciprocal of the divisor and the dividend are
/// normalized, and one shift takes all exponents back.
///
/// A shift to the right of more than 31 bits, which upstream leaves undefined, gives the 0 that the
/// quotient is; one to the left saturates.
fn quotient(dividend: i32, divisor: i32, multiplier: Multiplier) -> i32 {
    let dividend = if divisor < 0 { dividend.wrapping_neg() } else { dividend };
    let divisor = divisor.unsigned_abs();
    let divisor_headroom = divisor.leading_zeros();
    let reciprocal = one_over_one_plus_x((divisor << divisor_headroom).wrapping_sub(1 << 31) as i32);
    let headroom = (dividend ^ (dividend >> 31)).leading_zeros() - 1;
    let unscaled = saturating_rounding_doubling_high_mul(dividend << headroom, reciprocal);
    let scaled = saturating_rounding_doubling_high_mul(unscaled, multiplier.mantissa);
    match 31 - divisor_headroom as i32 + headroom as i32 - multiplier.shift {
        right @ 0..=31 => rounding_divide_by_pot(scaled, right),
        left @ ..0 => i32::try_from(i64::from(scaled) << -left).unwrap_or(if scaled < 0 { i32::MIN } else { i32::MAX }),
        _ => 0,
    }
}

/// Quotient of real numbers, clamped to `range`.
///
/// # Panics
/// As [`div`].
pub fn div_f32(range: [f32; 2], [a, b]: Pair<'_, f32>, output: &mut [f32]) {
    map_pairs(a, b, output, |a, b| one_nan(a / b).clamp_to(range));
}

/// Quotient of integers, rounded towards 0 and clamped to `range`.
///
/// # Errors
/// When a divisor is 0.
///
/// # Panics
/// As [`div`].
pub fn div_i32(range: [i32; 2], [a, b]: Pair<'_, i32>, output: &mut [i32]) -> Result<()> {
    try_map_pairs(
        a,
        b,
        output,
        |a, b| {
            if b == 0 { Err(Error::DivisionByZero) } else { Ok(a.wrapping_div(b).clamp_to(range)) }
        },
    )
}

/// Quotient of integers rounded down, of stored values as they are.
///
/// # Errors
/// When a divisor is 0.
///
/// # Panics
/// As [`div`].
pub fn floor_div<T: Copy + Into<i64> + TryFrom<i64>>([a, b]: Pair<'_, T>, output: &mut [T]) -> Result<()> {
    try_map_pairs(a, b, output, |dividend, divisor| {
        let (a, b): (i64, i64) = (dividend.into(), divisor.into());
        if b == 0 {
            return Err(Error::DivisionByZero);
        }
        let floor = a.div_euclid(b) - i64::from(b < 0 && a.rem_euclid(b) != 0);
        // Only the least value by -1 does not fit: it is itself, as two's complement wraps.
        Ok(T::try_from(floor).unwrap_or(dividend))
    })
}

/// Quotient of real numbers rounded down.
///
/// # Errors
/// When a divisor is 0.
///
/// # Panics
/// As [`div`].
pub fn floor_div_f32([a, b]: Pair<'_, f32>, output: &mut [f32]) -> Result<()> {
    try_map_pairs(a, b, output, |a, b| if b == 0.0 { Err(Error::DivisionByZero) } else { Ok(one_nan((a / b).floor())) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcast::Operand;

    fn pair<'a, T>(a: &'a [T], b: &'a [T], shape: &'a [usize]) -> Pair<'a, T> {
        [Operand { shape, values: a }, Operand { shape, values: b }]
    }

    #[test]
    fn quotients_too_small_or_too_large_to_shift_are_zero_or_saturate() {
        let exact = |multiplier: f64| Multiplier::from_f64(multiplier).unwrap();
        assert_eq!(quotient(0, 7, exact(1.0)), 0);
        assert_eq!(quotient(1, 255, exact(1e-3)), 0);
        assert_eq!(quotient(-1, 255, exact(2f64.powi(-31))), 0);
        assert_eq!(quotient(100, -1, exact(2f64.powi(30))), i32::MIN);
        assert_eq!(quotient(100, 1, exact(2f64.powi(30))), i32::MAX);
        assert_eq!(quotient(100, -9, exact(1.0)), -11);
        assert_eq!(quotient(5, 5, exact(0.0)), 0);
    }

    #[test]
    fn floors_go_down_for_every_sign() {
        let mut output = [0; 6];
        let shape = [6];
        floor_div(pair(&[7_i8, -7, 7, -7, 6, -128], &[2, 2, -2, -2, -3, -1], &shape), &mut output).unwrap();
        assert_eq!(output, [3, -4, -4, 3, -2, -128]);
    }

    #[test]
    fn division_by_zero_is_an_error() {
        let shape = [1];
        assert_eq!(floor_div(pair(&[1_i32], &[0], &shape), &mut [0]), Err(Error::DivisionByZero));
        assert_eq!(floor_div_f32(pair(&[1.0], &[-0.0], &shape), &mut [0.0]), Err(Error::DivisionByZero));
        assert_eq!(div_i32([i32::MIN, i32::MAX], pair(&[1], &[0], &shape), &mut [0]), Err(Error::DivisionByZero));
    }
}
