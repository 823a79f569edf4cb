//! NEON tiles for Armv8.0: `smull` and `sadalp`.
//!
//! 32 registers: 2 rows by eight registers of half-column sums are 16 accumulators, four registers
//! of weights, a quad for each row and temporaries.

use super::bind::Descriptor;
use super::layout::Layout;
use super::tile::{self, Segment, Tile};
use crate::arch::{Arch, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR, NV>(Neon::assume(), call) }
}

/// See [`tile::row_sums`].
#[target_feature(enable = "neon")]
unsafe fn row_sums(rows: &[*const u8], segments: &[Segment], sums: &mut [i32]) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::row_sums(Neon::assume(), rows, segments, sums) }
}

pub(crate) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    operands: "s8s8",
    layout: Layout::Fours,
    tiles: &[super::tile_rows!(1; 1, 2)],
    careful_tiles: &[],
    row_sums,
    joins_lines: false,
    block: None,
};
