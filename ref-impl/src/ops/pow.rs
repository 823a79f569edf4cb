//! POW of real numbers (`docs/numerics.md` §14).

use crate::broadcast::{Pair, map_pairs};
use crate::real::nearest::pow;

/// The first operand to the power of the second, correctly rounded, with broadcasting.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn pow_f32([base, exponent]: Pair<'_, f32>, output: &mut [f32]) {
    map_pairs(base, exponent, output, pow);
}
