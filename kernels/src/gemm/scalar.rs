//! Portable tiles, up to 2x32: the shape of the others without vector instructions.

use super::bind::Descriptor;
use super::layout::Layout;
use super::tile::{self, Segment, Tile};
use crate::arch::{InstructionSet, Scalar};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, MR, NV>(Scalar::assume(), call) }
}

/// See [`tile::row_sums`].
unsafe fn row_sums(rows: &[*const u8], segments: &[Segment], sums: &mut [i32]) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::row_sums(Scalar::assume(), rows, segments, sums) }
}

pub(crate) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    operands: "u8s8",
    layout: Layout::Fours,
    tiles: &[&[tile::<1, 1>, tile::<2, 1>], &[tile::<1, 2>, tile::<2, 2>]],
    careful_tiles: &[],
    row_sums,
    joins_lines: false,
    block: None,
};

/// Tiles of joined lines, which portable code has no use for: the test of their packing on every machine.
#[cfg(test)]
pub(super) mod joining {
    use super::*;
    use crate::gemm::joined;

    unsafe fn tile<const MR: usize, const NV: usize>(call: &Tile<'_>) {
        // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
        unsafe { joined::run::<_, MR>(Scalar::assume(), call) }
    }

    pub(in super::super) static TILES: Descriptor = Descriptor {
        isa: Isa::Scalar,
        operands: "u8s8",
        layout: Layout::Fours,
        tiles: &[crate::gemm::tile_rows!(1; 1, 2, 3, 4)],
        careful_tiles: &[],
        row_sums,
        joins_lines: true,
        block: None,
    };
}
