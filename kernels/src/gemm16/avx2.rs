//! AVX2 tiles: `vpmaddwd`, then an addition.

use super::pack::Packing;
use super::tile::{self, Tile};
use super::{Descriptor, tile_rows};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const MR: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR>(Avx2::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx2,
    name: "gemm_s16s8_avx2_6x16",
    packing: Packing::pairs::<Avx2>(),
    tiles: tile_rows![1, 2, 3, 4, 5, 6],
};
