//! Depthwise convolution of 16-bit activations and 8-bit weights: every input channel has its own window.
//!
//! Channels are the vector dimension. Weights are unfolded once into sixteen lanes for each tap. All zero points are 0,
//! so padding is skipped and nothing is folded into the bias. A product is at most `2^22`: 511 taps fit 32 bits, then
//! sums move to 64-bit totals.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::requantize16::{Range16, Requantize16};
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

pub use layer::Depthwise16;

/// What a depthwise convolution of 16-bit activations is to do.
#[derive(Clone, Copy, Debug)]
pub struct Depthwise16Spec<'a> {
    /// The input; strides in elements, without gaps.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels, a multiple of the input's.
    pub channels: usize,
    /// `[KH, KW, O]`.
    pub weights: &'a [i8],
    /// One bias for each channel, in accumulator units; empty means none.
    pub bias: &'a [i64],
    /// From sums to outputs.
    pub requantize: Requantize16<'a>,
    /// Range of the outputs.
    pub range: Range16,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// The family, as the registry lists it.
const FAMILY: &str = "depthwise of 16 bits";

/// The kernel of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    /// Values of a tap's packed weights.
    tap_step: usize,
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

/// Prepares a depthwise convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that are no multiple of the input's, pixels with gaps.
pub fn prepare(isa: Isa, spec: &Depthwise16Spec<'_>) -> Depthwise16 {
    Depthwise16::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
