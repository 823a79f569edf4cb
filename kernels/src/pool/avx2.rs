//! AVX2 pooling tiles: `vpmaxub`, and 16-bit sums of even and odd bytes, on `ymm` registers.

use super::bind::{Descriptor, walks};
use super::edges::{self, Edges};
use super::tile::{self, Tile};
use crate::arch::{Avx2, InstructionSet, Wide};
use crate::isa::Isa;

/// See [`tile::average`].
#[target_feature(enable = "avx2")]
unsafe fn average<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::average::<_, TAPS, STEP, DOWN>(Avx2::assume(), call) }
}

/// See [`edges::average`].
#[target_feature(enable = "avx2")]
unsafe fn square(call: &Edges) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { edges::average(Avx2::assume(), call) }
}

/// See [`tile::maximum`].
#[target_feature(enable = "avx2")]
unsafe fn maximum<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::maximum::<_, TAPS, STEP, DOWN>(Avx2::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx2,
    width: Avx2::WIDTH,
    average_name: "average_pool_u8_avx2_x32",
    maximum_name: "max_pool_u8_avx2_x32",
    average: walks!(average),
    square,
    maximum: walks!(maximum),
};
