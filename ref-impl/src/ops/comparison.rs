//! EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER and GREATER_EQUAL (`docs/numerics.md` §7.29).

use crate::broadcast::{Pair, map_pairs};
use crate::element::Quantized;
use crate::fixed::Multiplier;

/// Bits that quantized values keep behind the point when they are compared as real ones.
pub const LEFT_SHIFT: u32 = 8;

/// A relation of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `a = b`.
    Equal,
    /// `a ≠ b`.
    NotEqual,
    /// `a < b`.
    Less,
    /// `a ≤ b`.
    LessEqual,
    /// `a > b`.
    Greater,
    /// `a ≥ b`.
    GreaterEqual,
}

impl Comparison {
    /// Whether the relation holds.
    pub fn holds<T: PartialOrd>(self, a: T, b: T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::NotEqual => a != b,
            Self::Less => a < b,
            Self::LessEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterEqual => a >= b,
        }
    }
}

/// 1 where the relation holds between stored values, else 0, with broadcasting.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn compare<T: Copy + PartialOrd>(comparison: Comparison, [a, b]: Pair<'_, T>, output: &mut [u8]) {
    map_pairs(a, b, output, |a, b| u8::from(comparison.holds(a, b)));
}

/// Parameters of [`compare_quantized`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparisonParams {
    /// The relation.
    pub comparison: Comparison,
    /// Zero points of the operands.
    pub zero_points: [i32; 2],
    /// The scale of each operand: [`crate::scales::comparison`].
    pub multipliers: [Multiplier; 2],
}

/// 1 where the relation holds between real values, rounded to multiples of 1/256, else 0.
///
/// # Panics
/// As [`compare`].
pub fn compare_quantized<X: Quantized>(params: &ComparisonParams, [a, b]: Pair<'_, X>, output: &mut [u8]) {
    let real = |x: X, operand: usize| {
        let moved = x.to_i32().wrapping_sub(params.zero_points[operand]).wrapping_shl(LEFT_SHIFT);
        params.multipliers[operand].apply(moved)
    };
    map_pairs(a, b, output, |a, b| u8::from(params.comparison.holds(real(a, 0), real(b, 1))));
}
