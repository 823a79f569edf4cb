//! Depthwise convolution of float32: every input channel has its own window (`docs/numerics.md` §14).
//!
//! Channels are the vector dimension. A sum is a chain of fused products, rows of the window first, so what keeps the instruction
//! busy are several pixels and registers of channels side by side. Taps outside the image are skipped; columns of outputs whose
//! windows have the same taps inside are a span.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{DepthwiseF32, MOST_EXACT_TAPS, prepare};
pub use spec::DepthwiseF32Spec;
pub(crate) use table::{FAMILY, kernels};

#[cfg(test)]
mod dynamic_tests;
#[cfg(test)]
mod tests;
