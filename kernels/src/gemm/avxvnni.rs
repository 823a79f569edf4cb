//! AVX-VNNI tiles: `vpdpbusd` on `ymm` registers, for CPUs without AVX-512.
//!
//! 16 registers: 6 rows by two `ymm` of columns are 12 accumulators, and there are two registers of
//! weights and a quad. The dot product adds in 32 bits without saturation, so weights stay whole.

use super::bind::Descriptor;
use super::layout::Layout;
use super::tile::{self, Segment, Tile};
use crate::arch::{AvxVnni, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MR, NV>(AvxVnni::assume(), call) }
}

/// See [`tile::row_sums`].
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn row_sums(rows: &[*const u8], segments: &[Segment], sums: &mut [i32]) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::row_sums(AvxVnni::assume(), rows, segments, sums) }
}

pub(crate) static TILES: Descriptor = Descriptor {
    isa: Isa::AvxVnni,
    operands: "u8s8",
    layout: Layout::Fours,
    tiles: &[super::tile_rows!(1; 1, 2, 3, 4, 5, 6)],
    careful_tiles: &[],
    row_sums,
    joins_lines: false,
    block: None,
};

/// The same tiles with the instruction in the coding of AVX-512 VL: the body's test where AVX-VNNI is missing.
#[cfg(test)]
pub(super) mod by_vl {
    use super::*;
    use crate::arch::AvxVnniByVl;

    #[target_feature(enable = "avx2,avx512f,avx512vl,avx512vnni")]
    unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
        unsafe { tile::run::<_, MR, NV>(AvxVnniByVl::assume(), call) }
    }

    pub(in super::super) static TILES: Descriptor = Descriptor {
        isa: Isa::Avx512Vnni,
        operands: "u8s8",
        layout: Layout::Fours,
        tiles: &[crate::gemm::tile_rows!(1; 1, 2, 3, 4, 5, 6)],
        careful_tiles: &[],
        row_sums: crate::gemm::avx512vnni::row_sums,
        joins_lines: false,
        block: None,
    };
}
