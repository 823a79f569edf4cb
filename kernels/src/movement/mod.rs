//! Elements of any size moved to where a table for each axis says.
//!
//! An operator that only moves elements is a shape and, for each axis of it, where in the input every index lies: the
//! offsets of all axes add up to the element's. An index without an offset is filled. Slices, borders, mirrors, repeats,
//! permutations and blocks are tables of that kind, sometimes after an axis has been split in two.
//!
//! What follows each other on both sides is copied in one piece: [`Movement`] coalesces inner axes as long as that holds. The
//! first axis for which it does not becomes the pieces of a row, and the axes outside of it count rows:
//!
//! ```text
//! for row in rows of the task:
//!     input, output = Σ tables of the outer axes            (no input: fill the row)
//!     for piece in pieces: copy piece.len bytes, or fill them
//! ```

mod layer;
mod pieces;
mod spec;

pub(crate) use layer::kernels;
pub use layer::{Movement, prepare};
pub use spec::{Axis, MAX_AXES, MovementSpec};

#[cfg(test)]
mod tests;
