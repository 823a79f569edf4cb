//! AVX-512 pooling tiles: `vpmaxub`, and 16-bit sums of even and odd bytes, on `zmm` registers.

use super::bind::{Descriptor, walks};
use super::edges::{self, Edges};
use super::tile::{self, Tile};
use crate::arch::{Avx512Vnni, InstructionSet, Wide};
use crate::isa::Isa;

/// See [`tile::average`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn average<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::average::<_, TAPS, STEP, DOWN>(Avx512Vnni::assume(), call) }
}

/// See [`edges::average`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn square(call: &Edges) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { edges::average(Avx512Vnni::assume(), call) }
}

/// See [`tile::maximum`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn maximum<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::maximum::<_, TAPS, STEP, DOWN>(Avx512Vnni::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    width: Avx512Vnni::WIDTH,
    average_name: "average_pool_u8_avx512vnni_x64",
    maximum_name: "max_pool_u8_avx512vnni_x64",
    average: walks!(average),
    square,
    maximum: walks!(maximum),
};
