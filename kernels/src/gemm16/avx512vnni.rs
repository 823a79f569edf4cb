//! AVX-512 tiles: `vpdpwssd` multiplies pairs and adds.

use super::pack::Packing;
use super::tile::{self, Tile};
use super::{Descriptor, tile_rows};
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const MR: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR>(Avx512Vnni::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    name: "gemm_s16s8_avx512vnni_12x16",
    packing: Packing::pairs::<Avx512Vnni>(),
    tiles: tile_rows![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
};
