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

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::quantization::Multiplier;

mod block;
mod float;
mod layer;
mod pack;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod bytes;
#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod i8mm;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Matmul;

/// Types of the operands and the end of the sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elements {
    /// All stored 8-bit values.
    Eight {
        /// Zero points of both operands and of the output, stored.
        zeros: [i32; 3],
        /// `(mantissa, shift)` as `QuantizeMultiplier` gives them, the shift within -31 to 31.
        multiplier: Multiplier,
        /// What stored outputs have more than the file's values.
        output_offset: i32,
    },
    /// 16-bit values times stored 8-bit values, whose zero point is 0 in the file, to 16 bits.
    SixteenByEight {
        /// The right operand's zero point, stored.
        right_zero: i32,
        /// As above, the shift within -31 to 14.
        multiplier: Multiplier,
    },
    /// All 16-bit values.
    Sixteen {
        /// As above.
        multiplier: Multiplier,
    },
    /// All f32.
    Float,
}

/// What matrices are to be multiplied.
#[derive(Clone, Debug)]
pub struct MatmulSpec<'a> {
    /// The types.
    pub elements: Elements,
    /// For each product which of the left and of the right matrices it is of.
    pub products: &'a [[usize; 2]],
    /// Rows of a left matrix and of a product.
    pub rows: usize,
    /// Columns of a left matrix, rows of a right one.
    pub depth: usize,
    /// Columns of a right matrix and of a product.
    pub columns: usize,
    /// Whether left and right matrices are stored transposed.
    pub adjoint: [bool; 2],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// The family, as the registry lists it.
const FAMILY: &str = "matrix product";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    /// Of 8 bits, of 16 bits, of f32.
    names: [&'static str; 3],
    block: block::BlockFn,
    float: float::FloatFn,
}

/// Kernels of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::BLOCKS,
    #[cfg(target_arch = "x86_64")]
    &avx2::BLOCKS,
    #[cfg(target_arch = "aarch64")]
    &i8mm::BLOCKS,
    #[cfg(target_arch = "aarch64")]
    &dotprod::BLOCKS,
    #[cfg(target_arch = "aarch64")]
    &neon::BLOCKS,
    &scalar::BLOCKS,
];

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        // Where 8 bits are not widened apart, one kernel takes both types of integers.
        let distinct = if self.names[0] == self.names[1] { &self.names[1..] } else { &self.names[..] };
        distinct.iter().map(|&name| name.into()).collect()
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

/// Prepares products of matrices for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or there is nothing to compute.
pub fn prepare(isa: Isa, spec: &MatmulSpec<'_>) -> Matmul {
    Matmul::new(Bound::new(KERNELS, isa), spec, isa.storage())
}

#[cfg(test)]
mod tests;
