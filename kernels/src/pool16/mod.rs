//! Windows over 16-bit activations without weights: pools, and reductions of neighbouring dimensions.
//!
//! Channels are the vector dimension: sixteen at a time, in plain Rust that each instruction set's shell turns into its
//! vectors. Nothing has a zero point, and padding is skipped.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::quantization::Multiplier;
use crate::requantize16::Range16;
use crate::window::{Image, Window};

mod layer;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Pool16;

/// What becomes of the values of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool16Kind {
    /// The greatest; a window in the padding gives the least of all.
    Maximum,
    /// The average of the taps inside, rounded half away from zero. Every window has some.
    Average,
    /// The sum times `(mantissa, shift)`, the shift within -31 to 31: MEAN with the count divided in, and SUM.
    Scaled {
        /// The multiplier.
        multiplier: Multiplier,
    },
}

/// What is to be done to the windows.
#[derive(Clone, Copy, Debug)]
pub struct Pool16Spec {
    /// What becomes of their values.
    pub kind: Pool16Kind,
    /// The input; strides in elements, without gaps.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Range of the outputs.
    pub range: Range16,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// The family, as the registry lists it.
const FAMILY: &str = "pooling of 16 bits";

/// The kernel of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    block: tile::BlockFn,
}

/// Kernels of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::BLOCKS,
    #[cfg(target_arch = "x86_64")]
    &avx2::BLOCKS,
    #[cfg(target_arch = "aarch64")]
    &neon::BLOCKS,
    &scalar::BLOCKS,
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

/// Prepares windows for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: pixels with gaps or none, or a window
/// of an average that lies in the padding.
pub fn prepare(isa: Isa, spec: &Pool16Spec) -> Pool16 {
    Pool16::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
