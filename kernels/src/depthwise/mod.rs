//! Depthwise convolution: every input channel has its own window.
//!
//! Channels are the vector dimension. Weights `w - wz` are unfolded once into sixteen lanes for each
//! tap, so that nothing but `xz` is left to fold into the bias. Padding is skipped: outputs whose
//! windows see the same taps form a border class with its own taps and folded bias.
//! Square windows that slide along rows read the zero point instead.
//!
//! ```text
//! acc = Σ (x - xz)(w - wz) = Σ x·(w - wz)  -  xz·Σ(w - wz)
//!                            the tile         folded into the bias, per class
//! ```

use crate::bound::Bound;
use crate::isa::Isa;
use crate::quantization::{Requantize, Weights};
use crate::window::{Image, Window};

/// The tiles of a [`columns::ColumnKernel`], from a shell named `column_tile` in scope.
macro_rules! column_tiles {
    () => {
        [
            [
                [
                    [column_tile::<3, 1, 3, 1, false>, column_tile::<3, 1, 3, 1, true>],
                    [column_tile::<3, 1, 3, 2, false>, column_tile::<3, 1, 3, 2, true>],
                ],
                [
                    [column_tile::<3, 2, 2, 1, false>, column_tile::<3, 2, 2, 1, true>],
                    [column_tile::<3, 2, 2, 2, false>, column_tile::<3, 2, 2, 2, true>],
                ],
            ],
            [
                [
                    [column_tile::<5, 1, 5, 1, false>, column_tile::<5, 1, 5, 1, true>],
                    [column_tile::<5, 1, 5, 2, false>, column_tile::<5, 1, 5, 2, true>],
                ],
                [
                    [column_tile::<5, 2, 3, 1, false>, column_tile::<5, 2, 3, 1, true>],
                    [column_tile::<5, 2, 3, 2, false>, column_tile::<5, 2, 3, 2, true>],
                ],
            ],
        ]
    };
}
use column_tiles;

/// The tiles of a [`rows::RowKernel`], from a shell named `$tile` in scope whose parameters are the columns from one
/// output to the next, layers and form.
#[cfg(target_arch = "aarch64")]
macro_rules! row_tiles {
    ($tile:ident) => {
        [
            [
                [$tile::<1, 1, 0>, $tile::<1, 1, 1>, $tile::<1, 1, 2>],
                [$tile::<1, 2, 0>, $tile::<1, 2, 1>, $tile::<1, 2, 2>],
            ],
            [
                [$tile::<2, 1, 0>, $tile::<2, 1, 1>, $tile::<2, 1, 2>],
                [$tile::<2, 2, 0>, $tile::<2, 2, 1>, $tile::<2, 2, 2>],
            ],
        ]
    };
    // Kernels whose weights have one layer.
    (one $tile:ident) => {
        [[[$tile::<1, 0>, $tile::<1, 1>, $tile::<1, 2>]; 2], [[$tile::<2, 0>, $tile::<2, 1>, $tile::<2, 2>]; 2]]
    };
}
#[cfg(target_arch = "aarch64")]
use row_tiles;

mod bind;
mod column_tile;
mod columns;
mod layer;
mod pack;
mod quad_tile;
mod quads;
mod slope;
mod tile;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod dotprod;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_tile;
#[cfg(target_arch = "aarch64")]
mod row_products;
#[cfg(target_arch = "aarch64")]
mod row_products5;
#[cfg(target_arch = "aarch64")]
mod row_tile;
#[cfg(target_arch = "aarch64")]
mod rows;
mod scalar;

pub(crate) use bind::kernels;
use bind::{FAMILY, KERNELS};
pub use layer::Depthwise;

/// What a depthwise convolution is to do.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseSpec<'a> {
    /// The input.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels, a multiple of the input's; channel `c` reads input channel
    /// `c / (channels / input.channels)`.
    pub channels: usize,
    /// `[KH, KW, channels]`; the zero point within -128 to 255.
    pub weights: Weights<'a>,
    /// One bias for each output channel, in accumulator units; empty means none.
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
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// Prepares a depthwise convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does
/// not match, output channels that are no multiple of the input's, a zero point out of range.
pub fn prepare(isa: Isa, spec: &DepthwiseSpec<'_>) -> Depthwise {
    Depthwise::new(Bound::new(KERNELS, isa), spec)
}

#[cfg(test)]
mod tests;
