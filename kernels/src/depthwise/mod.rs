//! Depthwise convolution: every input channel has its own window.
//!
//! Channels are the vector dimension. Weights `w - wz` are unfolded once into sixteen lanes for each
//! tap, so that nothing but `xz` is left to fold into the bias. Padding is skipped: outputs whose
//! windows see the same taps form a border class with its own taps and folded bias.
//! Square windows that slide along rows read the zero point instead.
//!
//! ```text
//! acc = Σ (x - xz)(w - wz) = Σ x·(w - wz)  -  xz·Σ(w - wz)
//!                            the tile         folded into the bias, per class
//! ```
//!
//! Which way a convolution is computed is a `strategy::Strategy`, chosen once when it is prepared.

mod any_window;
mod classes;
mod column_tile;
mod geometry;
mod layer;
#[cfg(target_arch = "aarch64")]
mod neon_tile;
mod quad_tile;
mod quads;
mod sliding_columns;
#[cfg_attr(not(target_arch = "aarch64"), path = "sliding_rows/absent.rs")]
mod sliding_rows;
mod spec;
mod strategy;
mod table;
mod terms;
mod tile;

pub use layer::{Depthwise, prepare};
pub use spec::DepthwiseSpec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
