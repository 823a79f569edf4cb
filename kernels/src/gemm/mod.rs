//! Convolution and fully connected layers as indirect GEMM.
//!
//! M is output pixels, N output channels, K taps times input channels. Nothing is copied into an
//! im2col matrix: tiles read activations in place through row pointers. Weights are packed once
//! into panels of sixteen columns. Padding is skipped: outputs whose windows see the same taps
//! form a border class with its own K and its own folded bias.
//!
//! ```text
//! acc = Σ (x - xz)(w - wz) = Σ x·w - xz·Σw - wz·Σx + taps·xz·wz
//!       the tile             \__ folded into the bias, per class __/   and wz·Σx per pixel
//! ```
//!
//! Most weights are packed as `w - wz`, with nothing left to correct (`excess.rs`).
//!
//! Several convolutions that read the same tensor with the same window may be run as the *parts*
//! of one: their panels stand side by side, each with its own output.

use crate::bound::Bound;
use crate::isa::Isa;
use crate::quantization::{Requantize, Weights};
use crate::window::{Image, Window};

/// The tiles of `$panels` panels for each number of rows, from a shell named `tile` in scope.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", test))]
macro_rules! tile_rows {
    ($panels:literal; $($rows:literal),+) => { &[$(tile::<$rows, $panels>),+] };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", test))]
use tile_rows;

mod bind;
mod blocks;
mod class;
mod columns;
mod conv;
mod ending;
mod excess;
mod grid;
mod join;
#[cfg(any(target_arch = "x86_64", test))]
mod joined;
mod layout;
mod pack;
mod packed;
mod streams;
mod tile;

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "x86_64")]
mod avxvnni;
#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod i8mm;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

use bind::KERNELS;
pub(crate) use bind::kernels;
pub use conv::{Conv, ConvStatistics};
pub(crate) use grid::Grid;
#[cfg(target_arch = "x86_64")]
pub(crate) use join::MOST_JOINED;
pub use streams::JoinStatistics;

/// One convolution of those that are run together.
#[derive(Clone, Copy, Debug)]
pub struct ConvPart<'a> {
    /// Output channels.
    pub channels: usize,
    /// The weights, `[O, KH, KW, I]` with O of the part and I of a group.
    pub weights: Weights<'a>,
    /// One bias for each channel, in accumulator units; empty means none.
    pub bias: &'a [i32],
    /// From accumulators to outputs.
    pub requantize: Requantize<'a>,
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values; results that overflow 32 bits wrap
    /// where the file's would.
    pub output_offset: i32,
    /// Bytes from one output pixel to the next; at least `channels`.
    pub pixel_stride: usize,
}

/// What a convolution is to do.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec<'a> {
    /// The input, all groups' channels.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Channel groups; divides the input channels and each part's channels.
    pub groups: usize,
    /// The convolutions, at least one; output `i` of a run is that of part `i`.
    pub parts: &'a [ConvPart<'a>],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// Prepares a convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does
/// not match, channels that groups do not divide, a tensor of 4 GiB or more.
pub fn prepare(isa: Isa, spec: &ConvSpec<'_>) -> Conv {
    Conv::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
