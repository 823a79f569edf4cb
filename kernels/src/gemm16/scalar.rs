//! Portable tiles.

use super::pack::Packing;
use super::tile::{self, Tile};
use super::{Descriptor, tile_rows};
use crate::arch::{InstructionSet, Scalar};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn tile<const MR: usize>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, MR>(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    name: "gemm_s16s8_scalar_4x16",
    packing: Packing::pairs::<Scalar>(),
    tiles: tile_rows![1, 2, 3, 4],
};
