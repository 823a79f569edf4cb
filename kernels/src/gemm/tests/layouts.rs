//! Portable tiles of the layouts that only some instruction sets want: the test of their packing on every machine.

use super::super::layout::Layout;
use super::super::tile::{Segment, Tile};
use super::super::{ending, scalar};
use super::*;
use crate::arch::{Arch, InstructionSet, LANES, Scalar};

const EIGHT: usize = 0;
const SIXTEEN: usize = 1;
const LAYOUTS: [Layout; 2] = [Layout::Eights, Layout::Sixteens];

pub(super) static EIGHTS: [&Descriptor; 1] = [&descriptor::<EIGHT>()];
pub(super) static SIXTEENS: [&Descriptor; 1] = [&descriptor::<SIXTEEN>()];

const fn descriptor<const LAYOUT: usize>() -> Descriptor {
    Descriptor {
        isa: Isa::Scalar,
        operands: "u8s8",
        layout: LAYOUTS[LAYOUT],
        tiles: const { &[&[tile::<LAYOUT, 1>, tile::<LAYOUT, 2>]] },
        careful_tiles: const { &[&[tile::<LAYOUT, 1>, tile::<LAYOUT, 2>]] },
        row_sums: scalar::TILES.row_sums,
        joins_lines: false,
        block: None,
    }
}

/// One panel, weight by weight.
unsafe fn tile<const LAYOUT: usize, const MR: usize>(tile: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU.
    let arch = unsafe { Scalar::assume() };
    let mut lanes = [[arch.splat(0); 1]; MR];
    for (lanes, &row) in lanes.iter_mut().zip(tile.rows) {
        let mut sums = tile.bias[0];
        for segment in tile.segments {
            // SAFETY: the caller vouches for the run's bytes, rounded up.
            unsafe { add(LAYOUTS[LAYOUT], segment, row, tile, &mut sums) }
        }
        // SAFETY: there are sixteen sums.
        lanes[0] = unsafe { arch.load(sums.as_ptr()) };
    }
    // SAFETY: the caller vouches for the outputs.
    unsafe { ending::finish(arch, &tile.ending, lanes) }
}

/// # Safety
/// The row is readable for the segment's lines.
unsafe fn add(layout: Layout, segment: &Segment, row: *const u8, tile: &Tile<'_>, sums: &mut [i32; LANES]) {
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
