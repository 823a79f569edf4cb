//! Products of matrices that are both computed at run time.
//!
//! A task is a block of rows of one product. Both operands are widened to 16 bits without their zero points, a chunk of
//! K at a time: the left one row by row, the right one in panels of sixteen columns, two k of each column together, as
//! [`crate::gemm16`] has its weights. Chunks are so short that sums of 8-bit weights fit 32 bits; totals have 64.
//!
//! ```text
//! for each panel of sixteen columns:
//!     for each chunk of K:  pack the rows (unless they are there), pack the panel
//!         for each group of rows:  sums = Σ pairs(rows[k], panel[k])      total += sums
//!     end
//! ```
//!
//! Where instructions add up products of bytes, 8-bit operands are not widened (`bytes.rs`).
//!
//! Matrices of f32 are the same without packing rows; each sum is in the order of K, which is part of the result.

mod block;
mod float;
mod layer;
mod pack;
mod spec;
mod table;

#[cfg(target_arch = "aarch64")]
mod bytes;
#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod i8mm;

pub use layer::{Matmul, prepare};
pub use spec::{Elements, MatmulSpec};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
