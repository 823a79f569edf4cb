//! Convolution and fully connected layers of 16-bit activations and 8-bit weights, as indirect GEMM.
//!
//! M is output pixels, N output channels, K taps times input channels. Weights are packed once, widened to 16 bits,
//! into panels of sixteen columns, a pair of k after the other. All zero points are 0, so that a tap in the padding is
//! a pixel of zeros and every tile has the same K.
//!
//! ```text
//! for each tap:  for each pair of its channels:
//!     w = weights[panel][tap][pair]                    32 x i16: two k of sixteen columns
//!     for each row:  sum[row] += pairs(x[row][tap][pair], w)          sixteen i32
//!     after as many pairs as 32 bits surely hold:  total[row] += sum[row]    sixteen i64
//! ```
//!
//! A pair of products is at most `2^23`, and most filters are so small that all of K fits 32 bits; then there is one
//! addition to the 64-bit totals, at the end.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::requantize16::{Range16, Requantize16};
use crate::window::{Image, Window};

mod layer;
mod pack;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod halves;
#[cfg(target_arch = "aarch64")]
mod i8mm;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

pub use layer::Conv16;

/// The tiles of each number of rows, from a shell named `tile` in scope.
macro_rules! tile_rows {
    ($($rows:literal),+) => { &[$(tile::<$rows>),+] };
}
use tile_rows;

/// What a convolution of 16-bit activations is to do.
#[derive(Clone, Copy, Debug)]
pub struct Conv16Spec<'a> {
    /// The input, all groups' channels; strides in elements, without gaps.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Channel groups; divides the input channels and the output channels.
    pub groups: usize,
    /// Output channels.
    pub channels: usize,
    /// `[O, KH, KW, I]` with I of a group.
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
const FAMILY: &str = "convolution of 16 bits";

/// The tiles of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    packing: pack::Packing,
    /// By rows less one.
    tiles: &'static [tile::TileFn],
}

/// Tiles of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &i8mm::TILES,
    #[cfg(target_arch = "aarch64")]
    &dotprod::TILES,
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

/// Prepares a convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that groups do not divide, pixels with gaps.
pub fn prepare(isa: Isa, spec: &Conv16Spec<'_>) -> Conv16 {
    // Sums of low halves fit 32 bits for fewer products than this.
    let depth = spec.weights.len() / spec.channels.max(1);
    let isa = if isa.includes(Isa::DotProd) && depth >= 1 << 16 { Isa::Neon } else { isa };
    Conv16::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
