//! AVX2 tiles: `vpmaddubsw`, `vpaddw`, `vpmaddwd`, `vpaddd` on `ymm` registers.
//!
//! 16 registers: 8 rows of eight columns are 8 accumulators, and there are up to five registers of
//! weights, the ones, and what a row computes with. The 16-bit sums must not overflow, so weights
//! are split and lines joined only where that is proven ([`super::join`]).

use super::bind::Descriptor;
use super::join::JOINED_ROWS;
use super::joined;
use super::layout::Layout;
use super::tile::{self, Segment, Tile};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// See [`joined::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
    const { assert!(MR <= JOINED_ROWS && NV == 1) };
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { joined::run::<_, MR>(Avx2::assume(), call) }
}

/// See [`tile::row_sums`].
#[target_feature(enable = "avx2")]
unsafe fn row_sums(rows: &[*const u8], segments: &[Segment], sums: &mut [i32]) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::row_sums(Avx2::assume(), rows, segments, sums) }
}

pub(crate) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx2,
    operands: "u8s8",
    layout: Layout::Fours,
    tiles: &[super::tile_rows!(1; 1, 2, 3, 4, 5, 6, 7, 8)],
    careful_tiles: &[],
    row_sums,
    joins_lines: true,
    block: None,
};
