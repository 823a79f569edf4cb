//! Convolution and fully connected layers of float32, as indirect GEMM (`docs/numerics.md` §14).
//!
//! M is output pixels, N output channels, K taps times input channels. A sum takes its products in the order of K, each fused
//! with the addition, so a tile holds its sums in registers over the whole of K, and what keeps the instruction busy are the
//! sums of other pixels and channels. Taps outside the image are skipped: outputs that see the same taps are a border class.
//!
//! ```text
//! panel of 16 output channels
//! line 0: [k0: c0 c1 ... c15]      64 bytes
//! line 1: [k1: c0 c1 ... c15]
//! ```

mod geometry;
mod layer;
mod pack;
mod partition;
mod spec;
mod table;
mod tile;

pub use layer::{ConvF32, prepare, prepare_packed};
pub use spec::ConvF32Spec;
pub(crate) use table::{FAMILY, kernels};

#[cfg(test)]
mod tests;
