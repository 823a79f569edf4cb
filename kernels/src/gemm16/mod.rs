//! Convolution and fully connected layers of 16-bit activations and 8-bit weights, as indirect GEMM.
//!
//! M is output pixels, N output channels, K taps times input channels. Weights are packed once, widened to 16 bits,
//! into panels of sixteen columns, a pair of k after the other. All zero points are 0, so that a tap in the padding is
//! a pixel of zeros and every tile has the same K.
//!
//! ```text
//! for each tap:  for each pair of its channels:
//!     w = weights[panel][tap][pair]                    32 x i16: two k of sixteen columns
//!     for each row:  sum[row] += pairs(x[row][tap][pair], w)          sixteen i32
//!     after as many pairs as 32 bits surely hold:  total[row] += sum[row]    sixteen i64
//! ```
//!
//! A pair of products is at most `2^23`, and most filters are so small that all of K fits 32 bits; then there is one
//! addition to the 64-bit totals, at the end.

mod epilogue;
mod geometry;
mod layer;
mod pack;
mod spec;
mod table;
mod tile;

#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod halves;
#[cfg(target_arch = "aarch64")]
mod i8mm;

pub use layer::{Conv16, prepare, prepare_packed};
pub use spec::Conv16Spec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
