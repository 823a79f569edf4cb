//! Addition of two tensors of different scales.
//!
//! Each operand is moved up by 20 bits and rounded to a common scale, then the sum is rounded to the
//! output's: three double roundings. An operand whose multiplier is exactly one half, as that of the
//! larger scale always is, needs a shift only.

use crate::bound::{Bound, Described};
use crate::isa::Isa;
use crate::strided::Strided;

mod layer;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Add;

/// One operand of an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Zero point, stored.
    pub zero: i32,
    /// `(mantissa, shift)` to the common scale; the shift at most 0.
    pub multiplier: (i32, i32),
}

/// What an addition is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddSpec {
    /// Where the elements are. A second input stride of 0 adds the same pixel to every one.
    pub shape: Strided<2>,
    /// Whether the second input is a single element, which is added to all; its stride is ignored.
    pub second_is_scalar: bool,
    /// The two operands.
    pub operands: [Operand; 2],
    /// `(mantissa, shift)` from the common scale to the output's; the shift at most 0.
    pub multiplier: (i32, i32),
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values.
    pub output_offset: i32,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// The kernels of one instruction set.
pub struct Descriptor {
    isa: Isa,
    name: &'static str,
    /// Neither operand, the second, or both have a multiplier of one half.
    tiles: [tile::TileFn; 3],
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
    /// The instruction set that the kernels need.
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

/// Prepares an addition for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: pixels that overlap,
/// a multiplier with a left shift, a zero point that is no stored value.
pub fn prepare(isa: Isa, spec: &AddSpec) -> Add {
    Add::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
