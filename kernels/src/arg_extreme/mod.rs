//! Where the largest or smallest element of each row of bytes is: ARG_MAX and ARG_MIN over the last axis.
//!
//! Bytes are brought into an order in which the greatest is the one looked for. With vectors, a row is gone over twice in
//! blocks of sixteen: for its greatest byte, then for the first block that has it. The last block of a row overlaps the
//! one before, so that rows of sixteen bytes or more need no masks.

mod layer;
mod rows;
mod spec;
mod table;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod xmm;

pub use layer::{ArgExtreme, prepare};
pub use spec::ArgExtremeSpec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
