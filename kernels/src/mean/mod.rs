//! Mean over pixels: the sum of each channel, requantized with the count divided in.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::quantization::Multiplier;
use crate::window::Image;

mod layer;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Mean;

/// What a mean is to do.
///
/// Other reductions of neighbouring dimensions are images too: what stands before them is the batch,
/// what follows the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeanSpec {
    /// The input; height and width are reduced.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// `(mantissa, shift)` of a sum, the count divided in; the shift within -31 to 31.
    pub multiplier: Multiplier,
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values; results that overflow 32 bits wrap
    /// where the file's would.
    pub output_offset: i32,
    /// Bytes from one image's output to the next; at least the channels.
    pub output_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// The family, as the registry lists it.
const FAMILY: &str = "mean";

/// The kernel of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    tile: tile::TileFn,
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

/// Prepares a mean for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: no pixels, or pixels
/// that overlap.
pub fn prepare(isa: Isa, spec: &MeanSpec) -> Mean {
    Mean::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
