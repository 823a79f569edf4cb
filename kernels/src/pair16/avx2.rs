//! AVX2 sums, differences and products of 16-bit tensors.

use super::Descriptor;
use super::tile::{self, ADD, MUL, SUB, Tile};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const FUNCTION: u8>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FUNCTION>(Avx2::assume(), call) }
}

pub(super) static TILES: Descriptor =
    Descriptor { isa: Isa::Avx2, name: "pairs_s16_avx2_x16", tiles: [tile::<ADD>, tile::<SUB>, tile::<MUL>] };
