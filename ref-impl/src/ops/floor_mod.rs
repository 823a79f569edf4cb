//! FLOOR_MOD (`docs/numerics.md` §7.27): what FLOOR_DIV leaves, with the divisor's sign.

use crate::broadcast::{Pair, try_map_pairs};
use crate::error::{Error, Result};
use crate::real::one_nan;

/// Remainder of integers, of stored values as they are.
///
/// # Errors
/// When a divisor is 0.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn floor_mod<T: Copy + Into<i64> + TryFrom<i64>>([a, b]: Pair<'_, T>, output: &mut [T]) -> Result<()> {
    try_map_pairs(a, b, output, |dividend, divisor| {
        let (a, b): (i64, i64) = (dividend.into(), divisor.into());
        if b == 0 {
            return Err(Error::DivisionByZero);
        }
        let truncated = a.wrapping_rem(b);
        let floored = if truncated != 0 && (b < 0) != (truncated < 0) { truncated + b } else { truncated };
        // A remainder is smaller than the divisor: it fits.
        Ok(T::try_from(floored).unwrap_or(divisor))
    })
}

/// Remainder of real numbers: exact where the signs agree, else one rounded sum away from it.
///
/// # Errors
/// When a divisor is 0.
///
/// # Panics
/// As [`floor_mod`].
pub fn floor_mod_f32([a, b]: Pair<'_, f32>, output: &mut [f32]) -> Result<()> {
    try_map_pairs(a, b, output, |a, b| {
        if b == 0.0 {
            return Err(Error::DivisionByZero);
        }
        let truncated = a % b;
        let floored = if truncated != 0.0 && (b < 0.0) != (truncated < 0.0) { truncated + b } else { truncated };
        Ok(one_nan(floored))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broadcast::Operand;

    #[test]
    fn the_least_value_by_minus_one_leaves_nothing_and_zero_is_an_error() {
        let shape = [2];
        let pair = |a, b| [Operand { shape: &shape, values: a }, Operand { shape: &shape, values: b }];
        let mut output = [7; 2];
        floor_mod(pair(&[i64::MIN, i64::MIN], &[-1, i64::MAX]), &mut output).unwrap();
        assert_eq!(output, [0, i64::MAX - 1]);
        assert_eq!(floor_mod(pair(&[1, 2], &[1, 0]), &mut output), Err(Error::DivisionByZero));
    }
}
