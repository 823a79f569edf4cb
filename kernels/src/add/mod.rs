//! Addition and subtraction of two tensors of different scales.
//!
//! Each operand is moved up by 20 bits and rounded to a common scale, then the sum is rounded to the
//! output's: three double roundings. An operand whose multiplier is exactly one half, as that of the
//! larger scale always is, needs a shift only.
//!
//! Most additions provably equal one weighed sum, whole registers at a time.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::pairs::Pairs;
use crate::quantization::Multiplier;

mod fit;
mod layer;
mod mix_tile;
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
    pub multiplier: Multiplier,
}

/// What an addition is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddSpec {
    /// Where the elements are.
    pub pairs: Pairs,
    /// Whether the second operand is taken off instead.
    pub subtract: bool,
    /// The two operands.
    pub operands: [Operand; 2],
    /// `(mantissa, shift)` from the common scale to the output's; the shift at most 0.
    pub multiplier: Multiplier,
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values.
    pub output_offset: i32,
}

/// The family, as the registry lists it.
const FAMILY: &str = "addition";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    /// Sums and differences, each where neither operand, the second, the first, or both have a multiplier of one
    /// half.
    tiles: [[tile::TileFn; 4]; 2],
    /// The addition as one weighed sum, where the instruction set has it.
    mix: Option<MixKernel>,
}

/// An instruction set's addition as one weighed sum.
struct MixKernel {
    name: &'static str,
    tile: mix_tile::MixTileFn,
    /// Bytes of a register.
    width: usize,
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
        [self.name].into_iter().chain(self.mix.as_ref().map(|kernel| kernel.name)).map(Into::into).collect()
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

/// Prepares an addition for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a multiplier with a left shift, a zero point that is no stored value.
pub fn prepare(isa: Isa, spec: &AddSpec) -> Add {
    Add::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
