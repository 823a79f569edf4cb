//! Sums, differences and products of two tensors of 16 bits, sixteen elements at a time.
//!
//! The steps are those of 8-bit tensors in 32-bit lanes, with 15 bits of headroom for sums. All zero points are 0.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::pairs::Pairs;
use crate::quantization::Multiplier;

mod layer;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Pair16;

/// What is computed of two elements; multipliers are `(mantissa, shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function16 {
    /// `a + b`.
    Add(Sum16),
    /// `a - b`.
    Sub(Sum16),
    /// `a · b`, and the multiplier from products to the output's scale.
    Mul(Multiplier),
}

/// Multipliers of a sum or difference, all with shifts of at most 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum16 {
    /// From each operand to the common scale.
    pub operands: [Multiplier; 2],
    /// From the common scale to the output's.
    pub output: Multiplier,
}

/// What a layer of two 16-bit tensors is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair16Spec {
    /// Where the elements are, two bytes each; constants hold them little-endian.
    pub pairs: Pairs,
    /// What is computed.
    pub function: Function16,
    /// Least output.
    pub min: i32,
    /// Greatest output.
    pub max: i32,
}

/// The family, as the registry lists it.
const FAMILY: &str = "arithmetic of 16 bits";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    /// Sum, difference, product.
    tiles: [tile::TileFn; 3],
}

/// Kernels of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &neon::TILES,
    &scalar::TILES,
];

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

/// Prepares a layer of two 16-bit tensors for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, elements have not two bytes, or a shift is out of range.
pub fn prepare(isa: Isa, spec: &Pair16Spec) -> Pair16 {
    Pair16::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
