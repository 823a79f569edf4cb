//! AVX-512 VNNI tiles: `vpdpbusd` on `zmm` registers.
//!
//! 32 registers: up to 27 accumulators, a line of weights for each panel and one broadcast quad.
//! 6x64 loads 10 registers for 24 dot products, 9x48 12 for 27, 14x32 16 for 28: a core with two
//! loads and two dot products a cycle is bound by the dot products.

use super::bind::Descriptor;
use super::layout::Layout;
use super::tile::{self, Segment, Tile};
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR, NV>(Avx512Vnni::assume(), call) }
}

/// See [`tile::row_sums`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn row_sums(rows: &[*const u8], segments: &[Segment], sums: &mut [i32]) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::row_sums(Avx512Vnni::assume(), rows, segments, sums) }
}

pub(crate) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    operands: "u8s8",
    layout: Layout::Fours,
    tiles: &[
        super::tile_rows!(1; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
        super::tile_rows!(2; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
        super::tile_rows!(3; 1, 2, 3, 4, 5, 6, 7, 8, 9),
        super::tile_rows!(4; 1, 2, 3, 4, 5, 6),
    ],
    careful_tiles: &[],
    row_sums,
    joins_lines: false,
    block: None,
};
