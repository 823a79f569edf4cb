//! Depthwise convolution of 16-bit activations and 8-bit weights: every input channel has its own window.
//!
//! Channels are the vector dimension. Weights are unfolded once into sixteen lanes for each tap. All zero points are 0,
//! so padding is skipped and nothing is folded into the bias. A product is at most `2^22`: 511 taps fit 32 bits, then
//! sums move to 64-bit totals.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Depthwise16, prepare};
pub use spec::Depthwise16Spec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
