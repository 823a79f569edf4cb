//! Convolution and fully connected layers as indirect GEMM.
//!
//! M is output pixels, N output channels, K taps times input channels. Nothing is copied into an
//! im2col matrix: tiles read activations in place through row pointers. Weights are packed once
//! into panels of sixteen columns. Padding is skipped: outputs whose windows see the same taps
//! form a border class with its own K and its own folded bias.
//!
//! ```text
//! acc = Σ (x - xz)(w - wz) = Σ x·w - xz·Σw - wz·Σx + taps·xz·wz
//!       the tile             \__ folded into the bias, per class __/   and wz·Σx per pixel
//! ```
//!
//! Most weights are packed as `w - wz`, with nothing left to correct (`outliers.rs`).
//!
//! Several convolutions that read the same tensor with the same window may be run as the *parts*
//! of one: their panels stand side by side, each with its own output.
//!
//! Files stand on floors, and use only what is below them:
//!
//! ```text
//! driver      layer                                       rows, tasks, views
//! table       table                                       which method and which tiles an instruction set has
//! methods     method; direct, blocks, widening            packing, statistics and calls of a way to multiply
//! kernels     tile, neon, dotprod; block_kernel, amx, i8mm
//! epilogue    block, epilogue, panel_epilogue, real_epilogue, partition
//! packing     panel_lines, bias, facts, outliers, pack
//! geometry    geometry, panel_ranges, class, order, layout
//! words       spec, statistics, shape
//! ```

mod bias;
mod block;
mod class;
mod direct;
mod epilogue;
mod facts;
mod geometry;
mod layer;
mod layout;
mod method;
mod order;
mod outliers;
mod pack;
mod panel_epilogue;
mod panel_lines;
mod partition;
mod real_epilogue;
mod shape;
mod spec;
mod statistics;
mod table;
mod tile;
pub mod winograd;

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod block_kernel;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod blocks;
#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod i8mm;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", test))]
mod panel_ranges;
#[cfg(any(target_arch = "x86_64", test))]
mod widening;

pub use layer::{Conv, prepare, prepare_packed};
pub use spec::{ConvPart, ConvSpec};
#[cfg(all(feature = "std", target_arch = "x86_64"))]
pub(crate) use statistics::MAX_GROUP_LINES;
pub use statistics::{ConvStatistics, WideningStatistics};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
