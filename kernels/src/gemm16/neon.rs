//! Advanced SIMD tiles: `smlal` by element.
//!
//! 32 registers: 5 rows by four registers of sums are 20 accumulators, a register of eight activations for each row, and
//! two of weights with two more for the next ones. Elements of 16 bits are multiplied from the lower sixteen registers
//! only.

use super::pack::Packing;
use super::tile::{self, Tile};
use super::{Descriptor, tile_rows};
use crate::arch::{InstructionSet, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const MR: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR>(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    name: "gemm_s16s8_neon_5x16",
    packing: Packing::pairs::<Neon>(),
    tiles: tile_rows![1, 2, 3, 4, 5],
};
