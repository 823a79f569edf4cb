//! Windows over 16-bit activations without weights: pools, and reductions of neighbouring dimensions.
//!
//! Channels are the vector dimension: sixteen at a time, in plain Rust that each instruction set compiles to its vectors.
//! Nothing has a zero point, and padding is skipped.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Pool16, prepare};
pub use spec::{Pool16Kind, Pool16Spec};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
