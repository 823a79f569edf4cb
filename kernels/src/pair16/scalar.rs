//! Portable sums, differences and products of 16-bit tensors.

use super::Descriptor;
use super::tile::{self, ADD, MUL, SUB, Tile};
use crate::arch::{InstructionSet, Scalar};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn tile<const FUNCTION: u8>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, FUNCTION>(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor =
    Descriptor { isa: Isa::Scalar, name: "pairs_s16_scalar_x16", tiles: [tile::<ADD>, tile::<SUB>, tile::<MUL>] };
