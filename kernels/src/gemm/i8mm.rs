//! Blocks of matrix products for Armv8.6: `smmla`, two rows of eight k times two columns.
//!
//! The instruction wants eight activations of two rows in one register. To bring them there costs a shuffle for
//! every eight products of a panel, on the same units; so a block's rows are copied first, in pairs, once for all
//! panels. 32 registers: three pairs of rows by eight pairs of columns are 24 accumulators, there are three of
//! activations and five for weights:
//!
//! ```text
//! copy the rows of the block            for every tile of six rows, for every eight k: [3 pairs][2 rows][8 k]
//! for each panel, for each tile of rows
//!     for every eight k: 3 registers of activations, 8 of weights, 24 products
//!     epilogue                          as every tile
//! ```

use core::arch::aarch64::*;

use super::block_kernel::BlockCall;
use super::class::Segment;
use super::epilogue::ToBytes;
use super::panel_epilogue::PanelGroup;
use super::panel_ranges::PanelRange;
use super::shape::KernelShape;
use crate::arch::i8mm::smmla;
use crate::arch::{Arch, I8mm, Kernel, LANES};
use crate::epilogue::Epilogue;
use crate::memory::Line;

/// Pairs of rows of a tile.
const PAIRS: usize = 3;
/// Pairs of columns of a panel, and registers of its weights for eight k.
const COLUMN_PAIRS: usize = LANES / 2;
/// Bytes of eight k of two rows.
const STEP: usize = 16;
/// Lines of eight k.
const STEP_LINES: usize = 2;

/// The rows of a block in pairs; a last row without a second is its own.
struct Copies<'a> {
    lines: &'a mut [Line],
    rows: usize,
    /// Eights of k of a row.
    steps: usize,
}

/// Up to three pairs of rows.
#[derive(Clone, Copy)]
struct RowTile {
    first: usize,
    rows: usize,
}

/// Eights of k of all ranges.
fn steps(ranges: &[PanelRange]) -> usize {
    ranges.iter().map(|range| range.lines).sum::<usize>() / STEP_LINES
}

impl<'a> Copies<'a> {
    /// # Safety
    /// The segments of every row are readable, rounded up to eights, in a function that enables `neon`.
    #[inline(always)]
    unsafe fn new(call: &BlockCall<'_>, lines: &'a mut [Line]) -> Self {
        let BlockCall { block, ranges, .. } = call;
        let mut copies = Self { lines, rows: block.rows.len(), steps: steps(ranges) };
        assert!(
            copies.lines.len() >= I8mmBlock::workspace_lines(ranges, copies.rows),
            "a workspace of {} lines",
            copies.lines.len()
        );
        for tile in copies.tiles() {
            let pairs = tile.rows.div_ceil(2);
            for pair in 0..pairs {
                let first = tile.first + 2 * pair;
                let rows = [block.rows[first], block.rows[(first + 1).min(copies.rows - 1)]];
                // SAFETY: the caller's promise; the tile has room for its pairs' steps.
                unsafe { copy_pair(rows, &block.class.segments, copies.tile_mut(tile).add(STEP * pair), STEP * pairs) }
            }
        }
        copies
    }

    /// The rows in as few tiles as possible, as even as pairs allow.
    fn tiles(&self) -> impl Iterator<Item = RowTile> + use<> {
        let (rows, pairs) = (self.rows, self.rows.div_ceil(2));
        let tiles = pairs.div_ceil(PAIRS);
        (0..tiles).map(move |tile| {
            let [first, end] = [tile, tile + 1].map(|tile| 2 * (pairs * tile / tiles));
            RowTile { first, rows: end.min(rows) - first }
        })
    }

    /// The first byte of a tile's rows.
    fn tile(&self, tile: RowTile) -> *const i8 {
        self.lines.as_ptr().cast::<i8>().wrapping_add(tile.first / 2 * self.steps * STEP)
    }

    fn tile_mut(&mut self, tile: RowTile) -> *mut i8 {
        self.lines.as_mut_ptr().cast::<i8>().wrapping_add(tile.first / 2 * self.steps * STEP)
    }
}

/// Copies two rows, eight k of each in turn, to every `step` bytes.
///
/// # Safety
/// The segments of both rows are readable, rounded up to eights, and the target is writable for as many steps. In a
/// function that enables `neon`.
#[inline(always)]
unsafe fn copy_pair(rows: [*const u8; 2], segments: &[Segment], mut target: *mut i8, step: usize) {
    for segment in segments {
        let [a, b] = rows.map(|row| row.wrapping_add(segment.offset as usize).cast::<i8>());
        let eights = segment.steps() / STEP_LINES;
        // SAFETY: the caller vouches for the bytes of each eight.
        unsafe {
            for two in 0..eights / 2 {
                let a = vreinterpretq_s64_s8(vld1q_s8(a.add(16 * two)));
                let b = vreinterpretq_s64_s8(vld1q_s8(b.add(16 * two)));
                vst1q_s8(target, vreinterpretq_s8_s64(vzip1q_s64(a, b)));
                vst1q_s8(target.add(step), vreinterpretq_s8_s64(vzip2q_s64(a, b)));
                target = target.wrapping_add(2 * step);
            }
            if eights % 2 == 1 {
                let at = 8 * (eights - 1);
                vst1q_s8(target, vcombine_s8(vld1_s8(a.add(at)), vld1_s8(b.add(at))));
                target = target.wrapping_add(step);
            }
        }
    }
}

/// Computes a block of rows times its panel groups, which have one panel.
pub(crate) struct I8mmBlock;

impl I8mmBlock {
    /// Rows and panels that it computes together.
    pub(crate) const SHAPE: KernelShape = KernelShape { rows: 2 * PAIRS, panels: 1 };

    /// Lines that copies of so many rows take, of a class of such ranges.
    pub(crate) fn workspace_lines(ranges: &[PanelRange], rows: usize) -> usize {
        (rows.div_ceil(2) * steps(ranges) * STEP).div_ceil(size_of::<Line>())
    }
}

impl Kernel<I8mm> for I8mmBlock {
    type Call<'a> = BlockCall<'a>;

    /// # Safety
    /// As [`BlockFn`](super::block_kernel::BlockFn).
    #[inline(always)]
    unsafe fn run(arch: I8mm, call: &BlockCall<'_>) {
        // SAFETY: the caller vouches for the rows.
        let copies = unsafe { Copies::new(call, call.workspace.take()) };
        for &group in call.block.groups {
            for tile in copies.tiles() {
                let activations = copies.tile(tile);
                // SAFETY: the copies hold the tile's rows; the caller vouches for the rest.
                unsafe {
                    match tile.rows {
                        1 => run_tile::<1, 1>(arch, call, group, tile.first, activations),
                        2 => run_tile::<2, 1>(arch, call, group, tile.first, activations),
                        3 => run_tile::<3, 2>(arch, call, group, tile.first, activations),
                        4 => run_tile::<4, 2>(arch, call, group, tile.first, activations),
                        5 => run_tile::<5, 3>(arch, call, group, tile.first, activations),
                        _ => run_tile::<6, 3>(arch, call, group, tile.first, activations),
                    }
                }
            }
        }
    }
}

/// Sums of pairs of rows by pairs of columns, `[2 rows][2 columns]` in each register.
type Sums<const PAIRS: usize> = [[int32x4_t; COLUMN_PAIRS]; PAIRS];

/// `MR` rows, which are `PAIRS` pairs, times a panel.
///
/// # Safety
/// As [`I8mmBlock`]'s run; `activations` holds the pairs, over all segments.
#[inline(always)]
unsafe fn run_tile<const MR: usize, const PAIRS: usize>(
    arch: I8mm,
    call: &BlockCall<'_>,
    group: PanelGroup,
    first: usize,
    activations: *const i8,
) {
    // SAFETY: the caller's promise.
    let sums = unsafe { products::<PAIRS>(call, group.first, activations) };
    // SAFETY: a panel's bias has sixteen values.
    let bias = unsafe { arch.neon().load(call.block.bias[group.first].as_ptr()) };
    let mut lanes = [[bias]; MR];
    for row in 0..MR {
        for quarter in 0..LANES / 4 {
            let [a, b] = [0, 1].map(|half| sums[row / 2][2 * quarter + half]);
            let lanes = &mut lanes[row][0][quarter];
            // SAFETY: register operations that every aarch64 target of this crate has.
            unsafe {
                let (a, b) = (vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b));
                let columns = if row % 2 == 0 { vzip1q_s64(a, b) } else { vzip2q_s64(a, b) };
                *lanes = vaddq_s32(*lanes, vreinterpretq_s32_s64(columns));
            }
        }
    }
    // SAFETY: the caller vouches for the outputs.
    unsafe { ToBytes::finish(arch.neon(), &call.block.epilogue(group, first..first + MR), lanes) }
}

/// # Safety
/// As [`run_tile`].
#[inline(always)]
unsafe fn products<const PAIRS: usize>(call: &BlockCall<'_>, panel: usize, mut activations: *const i8) -> Sums<PAIRS> {
    // SAFETY: zeros are sums.
    let mut sums = [[unsafe { vdupq_n_s32(0) }; COLUMN_PAIRS]; PAIRS];
    for range in call.ranges {
        let lines = &call.weights.lines[panel * call.weights.panel_lines + range.line..][..range.lines];
        let mut weights: *const i8 = lines.as_ptr().cast();
        for _ in 0..range.lines / STEP_LINES {
            // SAFETY: there are two lines and eight k of each pair for every turn; the caller vouches for the CPU.
            unsafe {
                let pairs: [int8x16_t; PAIRS] = load(activations);
                for column in 0..COLUMN_PAIRS {
                    let weights = vld1q_s8(weights.add(16 * column));
                    for pair in 0..PAIRS {
                        sums[pair][column] = smmla(sums[pair][column], pairs[pair], weights);
                    }
                }
            }
            activations = activations.wrapping_add(STEP * PAIRS);
            weights = weights.wrapping_add(STEP_LINES * size_of::<Line>());
        }
    }
    sums
}

/// # Safety
/// `source` is valid for reads of sixteen bytes for each register.
#[inline(always)]
unsafe fn load<const N: usize>(source: *const i8) -> [int8x16_t; N] {
    // SAFETY: zeros are bytes.
    let mut registers = [unsafe { vdupq_n_s8(0) }; N];
    for (index, register) in registers.iter_mut().enumerate() {
        // SAFETY: the caller vouches for the bytes.
        *register = unsafe { vld1q_s8(source.add(16 * index)) };
    }
    registers
}
