//! Advanced SIMD sums, differences and products of 16-bit tensors.

use super::Descriptor;
use super::tile::{self, ADD, MUL, SUB, Tile};
use crate::arch::{InstructionSet, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const FUNCTION: u8>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FUNCTION>(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor =
    Descriptor { isa: Isa::Neon, name: "pairs_s16_neon_x16", tiles: [tile::<ADD>, tile::<SUB>, tile::<MUL>] };
