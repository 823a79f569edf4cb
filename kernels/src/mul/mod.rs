//! Multiplication of two tensors: the product of the centred values is exact in 32 bits and requantized
//! like a sum of convolution.

use crate::bound::{Bound, Described};
use crate::isa::Isa;
use crate::pairs::Pairs;

mod layer;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Mul;

/// What a multiplication is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MulSpec {
    /// Where the elements are.
    pub pairs: Pairs,
    /// Zero points of the operands, stored.
    pub zeros: [i32; 2],
    /// `(mantissa, shift)` from products to the output's scale.
    pub multiplier: (i32, i32),
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values.
    pub output_offset: i32,
}

/// The kernel of one instruction set.
pub struct Descriptor {
    isa: Isa,
    name: &'static str,
    tile: tile::TileFn,
}

/// Kernels of every instruction set of this build, best first.
pub static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &neon::TILES,
    &scalar::TILES,
];

impl Descriptor {
    /// The instruction set that the kernel needs.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The kernel's name: stored type, instruction set, lanes.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }
}

/// Prepares a multiplication for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a zero point that is no stored
/// value, a shift that no multiplier has.
pub fn prepare(isa: Isa, spec: &MulSpec) -> Mul {
    Mul::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
