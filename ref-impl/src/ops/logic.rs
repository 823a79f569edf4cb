//! LOGICAL_AND, LOGICAL_OR and LOGICAL_NOT (`docs/numerics.md` §7.29). A bool is a byte, true where it is not 0.

use crate::broadcast::{Pair, map_pairs};

/// A function of two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logic {
    /// Whether both are true.
    And,
    /// Whether one is true.
    Or,
}

/// 1 where the function is true, else 0, with broadcasting.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn logic(function: Logic, [a, b]: Pair<'_, u8>, output: &mut [u8]) {
    map_pairs(a, b, output, |a, b| match function {
        Logic::And => u8::from(a != 0 && b != 0),
        Logic::Or => u8::from(a != 0 || b != 0),
    });
}

/// 1 where the element is 0, else 0.
///
/// # Panics
/// When input and output differ in length.
pub fn logical_not(input: &[u8], output: &mut [u8]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = u8::from(x == 0);
    }
}
