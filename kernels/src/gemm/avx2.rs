//! AVX2 tiles: `vpmaddubsw`, `vpmaddwd`, `vpaddd` on `ymm` registers.
//!
//! 16 registers: 5 rows by two `ymm` of columns are 10 accumulators, two registers of weights, the
//! quad, the ones and two temporaries. The 16-bit pair sums saturate, so weights are split where a
//! pair is not safe: the line keeps a clipped pair and a repair adds the rest.

use super::bind::Descriptor;
use super::tile::{self, Segment, Tile};
use crate::arch::{Arch, Avx2};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR, NV>(Avx2::assume(), call) }
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
    tiles: &[super::tile_rows!(1; 1, 2, 3, 4, 5)],
    row_sums,
    splits_pairs: true,
    block: None,
};
