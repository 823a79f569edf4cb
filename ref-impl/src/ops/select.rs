//! SELECT and SELECT_V2 (`docs/numerics.md` §7.30): stored values are copied as they are.

use crate::broadcast::{Operand, Pair, map_triples};

/// The first operand where the condition is not 0, else the second; all three broadcast.
///
/// SELECT, whose condition may have one element for each index of dimension 0, is this with a condition
/// of shape `[n, 1, 1, ..]`.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn select<T: Copy>(condition: Operand<'_, u8>, operands: Pair<'_, T>, output: &mut [T]) {
    map_triples(condition, operands, output, |condition, x, y| if condition != 0 { x } else { y });
}
