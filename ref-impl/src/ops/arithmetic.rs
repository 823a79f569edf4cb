//! ADD, SUB, MUL and SQUARED_DIFFERENCE of unquantized numbers.

use crate::broadcast::{Pair, map_pairs};
use crate::number::Number;

/// What [`arithmetic`] computes of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a · b`.
    Mul,
    /// `(a - b)²`.
    SquaredDifference,
}

/// Arithmetic with broadcasting; results are clamped to `range`, the bounds of the fused activation.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn arithmetic<T: Number>(operation: Arithmetic, range: [T; 2], [a, b]: Pair<'_, T>, output: &mut [T]) {
    map_pairs(a, b, output, |a, b| {
        let result = match operation {
            Arithmetic::Add => a.plus(b),
            Arithmetic::Sub => a.minus(b),
            Arithmetic::Mul => a.times(b),
            Arithmetic::SquaredDifference => a.minus(b).times(a.minus(b)),
        };
        result.one_nan().clamp_to(range)
    });
}
