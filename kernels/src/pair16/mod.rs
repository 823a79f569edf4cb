//! Sums, differences and products of two tensors of 16 bits, sixteen elements at a time.
//!
//! The steps are those of 8-bit tensors in 32-bit lanes, with 15 bits of headroom for sums. All zero points are 0.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Pair16, prepare};
pub use spec::{Function16, Pair16Spec, Sum16};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
