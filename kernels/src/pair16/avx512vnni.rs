//! AVX-512 sums, differences and products of 16-bit tensors.

use super::Descriptor;
use super::tile::{self, ADD, MUL, SUB, Tile};
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const FUNCTION: u8>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FUNCTION>(Avx512Vnni::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    name: "pairs_s16_avx512vnni_x16",
    tiles: [tile::<ADD>, tile::<SUB>, tile::<MUL>],
};
