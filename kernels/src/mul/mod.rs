//! Multiplication of two tensors: the product of the centred values is exact in 32 bits and requantized
//! like a sum of convolution.

use crate::arch::Elements;
use crate::bound::{Bound, Entry, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::pairs::Pairs;
use crate::quantization::Multiplier;

mod layer;
mod tile;

pub use layer::Mul;
use tile::{Multiply, TileFn};

/// What a multiplication is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MulSpec {
    /// Where the elements are.
    pub pairs: Pairs,
    /// Zero points of the operands, stored.
    pub zeros: [i32; 2],
    /// `(mantissa, shift)` from products to the output's scale.
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
const FAMILY: &str = "multiplication";

/// The kernels of every instruction set of this build, best first; names have stored type, instruction set and lanes.
static KERNELS: &[&Entry<TileFn>] = table![
    x86_64: entry::<Avx512Vnni>("mul_u8_avx512vnni_x16"), entry::<Avx2>("mul_u8_avx2_x16");
    aarch64: entry::<Neon>("mul_s8_neon_x16");
    any: entry::<Scalar>("mul_u8_scalar_x16")
];

const fn entry<A: Elements>(name: &'static str) -> Entry<TileFn> {
    Entry { isa: A::ISA, name, run: A::enter::<Multiply> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
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
