//! Advanced SIMD pooling tiles: `smax`, and 16-bit sums with `saddw`, on `q` registers.

use super::bind::{Descriptor, walks};
use super::edges::{self, Edges};
use super::tile::{self, Tile};
use crate::arch::{InstructionSet, Neon, Wide};
use crate::isa::Isa;

/// See [`tile::average`].
#[target_feature(enable = "neon")]
unsafe fn average<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::average::<_, TAPS, STEP, DOWN>(Neon::assume(), call) }
}

/// See [`edges::average`].
#[target_feature(enable = "neon")]
unsafe fn square(call: &Edges) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { edges::average(Neon::assume(), call) }
}

/// See [`tile::maximum`].
#[target_feature(enable = "neon")]
unsafe fn maximum<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::maximum::<_, TAPS, STEP, DOWN>(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    width: Neon::WIDTH,
    average_name: "average_pool_s8_neon_x16",
    maximum_name: "max_pool_s8_neon_x16",
    average: walks!(average),
    square,
    maximum: walks!(maximum),
};
