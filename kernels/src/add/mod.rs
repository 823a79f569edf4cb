//! Addition and subtraction of two tensors of different scales.
//!
//! Each operand is moved up by 20 bits and rounded to a common scale, then the sum is rounded to the
//! output's: three double roundings. An operand whose multiplier is exactly one half, as that of the
//! larger scale always is, needs a shift only.
//!
//! Most additions provably equal one fused scaled add, whole registers at a time.

mod fit;
mod fused_tile;
mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Add, prepare};
pub use spec::{AddSpec, Operand};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
