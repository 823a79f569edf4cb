//! Portable tiles of the layouts that only some instruction sets want: the test of their packing on every machine.

use super::super::class::Segment;
use super::super::direct::DirectTiles;
use super::super::epilogue::ToBytes;
use super::super::layout::Layout;
use super::super::shape::KernelName;
use super::super::table::Descriptor;
use super::super::tile::{ByteTile, RowSums};
use crate::arch::{Arch, InstructionSet, Kernel, LANES, Scalar};
use crate::epilogue::Epilogue;
use crate::isa::Isa;

pub(super) static EIGHTS: [&Descriptor; 1] = [&descriptor::<8>()];
pub(super) static SIXTEENS: [&Descriptor; 1] = [&descriptor::<16>()];

/// Segments filled up to whole tiles.
pub(super) static IN_TILES: [&Descriptor; 1] = [&Descriptor {
    isa: Isa::Scalar,
    method: &DirectTiles {
        name: KernelName { isa: Isa::Scalar, depth: 4 },
        layout: Layout::side_by_side(4).in_tiles(16),
        tiles: &[&[Scalar::enter::<LayoutTile<4, 1>>, Scalar::enter::<LayoutTile<4, 2>>]],
        unpaired_tiles: &[],
    },
    row_sums: Scalar::enter::<RowSums>,
    float_depth: Scalar::FLOAT_DEPTH,
}];

const fn descriptor<const K: usize>() -> Descriptor {
    Descriptor {
        isa: Isa::Scalar,
        method: const {
            &DirectTiles {
                name: KernelName { isa: Isa::Scalar, depth: K },
                layout: Layout::side_by_side(K),
                tiles: &[&[Scalar::enter::<LayoutTile<K, 1>>, Scalar::enter::<LayoutTile<K, 2>>]],
                unpaired_tiles: &[&[Scalar::enter::<LayoutTile<K, 1>>, Scalar::enter::<LayoutTile<K, 2>>]],
            }
        },
        row_sums: Scalar::enter::<RowSums>,
        float_depth: Scalar::FLOAT_DEPTH,
    }
}

/// One panel with so many k side by side, weight by weight.
struct LayoutTile<const K: usize, const MR: usize>;

impl<const K: usize, const MR: usize> Kernel<Scalar> for LayoutTile<K, MR> {
    type Call<'a> = ByteTile<'a>;

    unsafe fn run(arch: Scalar, tile: &ByteTile<'_>) {
        let mut lanes = [[arch.splat(0); 1]; MR];
        for (lanes, &row) in lanes.iter_mut().zip(tile.rows) {
            let mut sums = tile.bias[0];
            for segment in tile.segments {
                // SAFETY: the caller vouches for the segment's bytes, rounded up.
                unsafe { add(Layout::side_by_side(K), segment, row, tile, &mut sums) }
            }
            // SAFETY: there are sixteen sums.
            lanes[0] = unsafe { arch.load(sums.as_ptr()) };
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { ToBytes::finish(arch, &tile.epilogue, lanes) }
    }
}

/// # Safety
/// The row is readable for the segment's lines.
unsafe fn add(layout: Layout, segment: &Segment, row: *const u8, tile: &ByteTile<'_>, sums: &mut [i32; LANES]) {
    let lines = &tile.weights[segment.line as usize..][..segment.lines as usize];
    let weights: &[i8] = bytemuck::cast_slice(lines);
    for k in 0..4 * lines.len() {
        // SAFETY: the caller's promise.
        let value = unsafe { row.add(segment.offset as usize + k).read() };
        let [first, step] = layout.position(lines.len(), k);
        for (column, sum) in sums.iter_mut().enumerate() {
            let weight = i32::from(weights[first + step * column]);
            *sum = sum.wrapping_add(i32::from(value) * weight);
        }
    }
}
