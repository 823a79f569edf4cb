//! MAXIMUM and MINIMUM (`docs/numerics.md` §7.7): stored values are compared as they are.

use crate::broadcast::{Pair, map_pairs};

/// The greater of each pair, with broadcasting; where neither is, the second.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn maximum<T: Copy + PartialOrd>([a, b]: Pair<'_, T>, output: &mut [T]) {
    map_pairs(a, b, output, |a, b| if a > b { a } else { b });
}

/// The lesser of each pair, with broadcasting; where neither is, the second.
///
/// # Panics
/// As [`maximum`].
pub fn minimum<T: Copy + PartialOrd>([a, b]: Pair<'_, T>, output: &mut [T]) {
    map_pairs(a, b, output, |a, b| if a < b { a } else { b });
}
