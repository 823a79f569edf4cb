//! AMX blocks: `tdpbusd` on tiles of sixteen rows by sixteen columns by 64 k.
//!
//! The packed lines of sixteen columns by four k are what a tile of weights wants: sixteen of them
//! are one. Activations have to lie in rows at equal distance, so a block's rows are copied first,
//! run after run, each run padded with zeros to 64 bytes; weights that such a padding meets may be
//! anything.
//!
//! ```text
//! copy the rows of the block
//! for each panel group, for every 32 rows:
//!     for each run, for each 64 k: load 2 + 2 tiles, 4 products      two of each, as far as there are
//!         finish 16 rows of the 32 before these                      as the other tiles do
//!     store the sums
//! ```
//!
//! Blocks of few rows waste most of a tile, and where there are few columns and short K, copying takes longer than
//! multiplying; they go to the AVX-512 tiles, which share the packing.

use core::cell::Cell;

use super::avx512vnni::{row_sums, tile};
use super::bind::{BlockKernel, Descriptor, TileShape};
use super::blocks::PanelGroup;
use super::ending;
use super::layout::Layout;
use super::tile::{Block, Run};
use crate::arch::Arch;
use crate::arch::amx::{self, Sums, TILE_BYTES, TILE_ROWS, Tiles};
use crate::isa::Isa;
use crate::memory::Line;

/// Lines of a tile of weights.
const TILE_LINES: usize = TILE_BYTES / 4;
/// Rows that a step computes.
const STEP_ROWS: usize = 2 * TILE_ROWS;
/// Rows that are finished at a time.
const FINISH_ROWS: usize = 16;

thread_local! {
    /// Copied rows; kept by each thread, so that only its first blocks allocate.
    static COPIES: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// Rows copied to equal distances.
struct Copies {
    lines: Vec<Line>,
    /// Lines from one row to the next.
    row_lines: usize,
}

impl Copies {
    /// Copies the rows of a block; rows up to a multiple of sixteen hold anything.
    ///
    /// # Safety
    /// The segments of every row are readable.
    #[inline(always)]
    unsafe fn new(block: &Block<'_>) -> Self {
        // An odd distance keeps the rows of a tile in different sets of the cache.
        let row_lines = block.runs.iter().map(chunks).sum::<usize>() | 1;
        let mut lines = COPIES.take();
        // Copies write whole lines from wherever a segment starts, at most two past its row.
        let needed = block.rows.len().next_multiple_of(TILE_ROWS) * row_lines + 2;
        if lines.len() < needed {
            lines.resize(needed, Line::ZERO);
        }
        let mut copies = Self { lines, row_lines };
        for (index, &row) in block.rows.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { copies.copy_row(block, index, row) }
        }
        copies
    }

    /// # Safety
    /// The segments of the row are readable.
    #[inline(always)]
    unsafe fn copy_row(&mut self, block: &Block<'_>, index: usize, row: *const u8) {
        let start = index * self.row_lines;
        let target: *mut u8 = self.lines[start..start + self.row_lines + 2].as_mut_ptr().cast();
        let mut at = 0;
        for run in block.runs {
            for segment in &block.segments[run.segments.clone()] {
                // What is zeroed too far belongs to what is copied next.
                // SAFETY: the caller vouches for the segment; `at` is within the row, which has two
                // lines behind it.
                unsafe {
                    let source = row.wrapping_add(segment.offset as usize);
                    amx::copy_and_zero(source, target.add(at), segment.bytes as usize);
                }
                at += 4 * segment.steps();
            }
            // SAFETY: as above; the line written starts within the row or right behind it.
            unsafe { target.add(at).cast::<Line>().write_unaligned(Line::ZERO) }
            at = at.next_multiple_of(TILE_BYTES);
        }
    }

    /// The first byte of a row.
    fn row(&self, index: usize) -> *const u8 {
        self.lines[index * self.row_lines..].as_ptr().cast()
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        COPIES.set(core::mem::take(&mut self.lines));
    }
}

/// Tiles of weights in a run.
fn chunks(run: &Run) -> usize {
    run.lines.div_ceil(TILE_LINES)
}

/// Computes a block of rows times its panel groups.
///
/// # Safety
/// As [`super::tile::TileFn`] for every row, panel and group; the CPU and the process have AMX.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn run(block: &Block<'_>) {
    // SAFETY: the caller vouches for the rows.
    let copies = unsafe { Copies::new(block) };
    // SAFETY: the caller vouches for AMX; tiles are configured nowhere else.
    let mut tiles = unsafe { Tiles::configure() };
    let mut sums = [Sums::ZERO; 2];
    let chunks = block.runs.iter().map(chunks).sum();
    let mut last = Step { group: block.groups[0], first: 0, rows: 0 };
    let mut turn = 0;
    for &group in block.groups {
        for first in (0..block.rows.len()).step_by(STEP_ROWS) {
            let step = Step { group, first, rows: STEP_ROWS.min(block.rows.len() - first) };
            let mut pending = Pending::new(last, &sums[1 - turn], chunks);
            // SAFETY: the caller's promise.
            unsafe {
                step.compute(&mut tiles, block, &copies, &mut pending);
                pending.finish(block);
            }
            step.store(&mut tiles, &mut sums[turn]);
            last = step;
            turn = 1 - turn;
        }
    }
    // SAFETY: the caller's promise.
    unsafe { Pending::new(last, &sums[1 - turn], chunks).finish(block) }
}

/// Up to 32 rows times one panel group.
#[derive(Clone, Copy)]
struct Step {
    group: PanelGroup,
    first: usize,
    rows: usize,
}

impl Step {
    /// Leaves the sums in the tiles.
    ///
    /// # Safety
    /// As [`run`].
    #[inline(always)]
    unsafe fn compute(self, tiles: &mut Tiles, block: &Block<'_>, copies: &Copies, pending: &mut Pending<'_>) {
        // SAFETY: the caller's promise.
        unsafe {
            match (self.rows > TILE_ROWS, self.group.panels) {
                (false, 1) => self.products::<1, 1>(tiles, block, copies, pending),
                (false, _) => self.products::<1, 2>(tiles, block, copies, pending),
                (true, 1) => self.products::<2, 1>(tiles, block, copies, pending),
                (true, _) => self.products::<2, 2>(tiles, block, copies, pending),
            }
        }
    }

    /// The sums of `16 * ROWS` rows times `COLUMNS` panels.
    ///
    /// # Safety
    /// As [`run`].
    #[inline(always)]
    unsafe fn products<const ROWS: usize, const COLUMNS: usize>(
        self,
        tiles: &mut Tiles,
        block: &Block<'_>,
        copies: &Copies,
        pending: &mut Pending<'_>,
    ) {
        tiles.clear_sums();
        let stride = copies.row_lines * TILE_BYTES;
        let mut activations = copies.row(self.first);
        for run in block.runs {
            let line = self.group.first * block.panel_lines + run.line;
            let last = line + (COLUMNS - 1) * block.panel_lines + chunks(run) * TILE_LINES;
            let mut weights = block.weights[line..last].as_ptr().cast::<i8>();
            for _ in 0..chunks(run) {
                // SAFETY: copies hold sixteen or 32 rows from `first` on, each of all runs' chunks; the
                // slice above holds the lines.
                unsafe {
                    tiles.load_activations::<0>(activations, stride);
                    tiles.load_weights::<0>(weights);
                    if ROWS == 2 {
                        tiles.load_activations::<1>(activations.wrapping_add(TILE_ROWS * stride), stride);
                    }
                    if COLUMNS == 2 {
                        tiles.load_weights::<1>(weights.wrapping_add(block.panel_lines * TILE_BYTES));
                    }
                }
                tiles.multiply::<ROWS, COLUMNS>();
                // SAFETY: the caller's promise.
                unsafe { pending.advance(block) }
                activations = activations.wrapping_add(TILE_BYTES);
                weights = weights.wrapping_add(TILE_LINES * TILE_BYTES);
            }
        }
    }

    /// Stores the sums of the tiles.
    #[inline(always)]
    fn store(self, tiles: &mut Tiles, sums: &mut Sums) {
        match (self.rows > TILE_ROWS, self.group.panels) {
            (false, 1) => tiles.store_sums::<1, 1>(sums),
            (false, _) => tiles.store_sums::<1, 2>(sums),
            (true, 1) => tiles.store_sums::<2, 1>(sums),
            (true, _) => tiles.store_sums::<2, 2>(sums),
        }
    }

    /// Turns `ROWS` rows of sums from `row` on into stored activations; returns how many they were.
    ///
    /// # Safety
    /// As [`run`]; the group has `PANELS` panels.
    #[inline(always)]
    unsafe fn finish<const ROWS: usize, const PANELS: usize>(
        self,
        block: &Block<'_>,
        sums: &Sums,
        row: usize,
    ) -> usize {
        // SAFETY: AMX includes AVX-512.
        let arch = unsafe { amx::vectors() };
        let first = self.first + row;
        let ending = block.ending(self.group, first..first + ROWS);
        let mut lanes = [[arch.splat(0); PANELS]; ROWS];
        for panel in 0..PANELS {
            // SAFETY: a panel's bias has sixteen values.
            let bias = unsafe { arch.load(block.bias[self.group.first + panel].as_ptr()) };
            for (lanes, sums) in lanes.iter_mut().zip(&sums.0[panel][row..row + ROWS]) {
                // SAFETY: a row of sums has sixteen values.
                lanes[panel] = arch.add(unsafe { arch.load(sums.as_ptr()) }, bias);
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { ending::finish(arch, &ending, lanes) }
        ROWS
    }
}

/// A step whose sums are stored. It is finished bit by bit between the chunks of the next one, so that the vector
/// units work while the tiles do.
struct Pending<'a> {
    step: Step,
    sums: &'a Sums,
    /// The first row that is not finished.
    row: usize,
    /// How often [`FINISH_ROWS`] rows are finished with each chunk.
    turns: usize,
}

impl<'a> Pending<'a> {
    fn new(step: Step, sums: &'a Sums, chunks: usize) -> Self {
        Self { step, sums, row: 0, turns: (STEP_ROWS / FINISH_ROWS).div_ceil(chunks.max(1)) }
    }

    /// Finishes a chunk's share.
    ///
    /// # Safety
    /// As [`run`].
    #[inline(always)]
    unsafe fn advance(&mut self, block: &Block<'_>) {
        for _ in 0..self.turns {
            if self.row < self.step.rows {
                // SAFETY: the caller's promise.
                unsafe { self.finish_rows(block) }
            }
        }
    }

    /// Finishes all rows.
    ///
    /// # Safety
    /// As [`run`].
    #[inline(always)]
    unsafe fn finish(mut self, block: &Block<'_>) {
        while self.row < self.step.rows {
            // SAFETY: the caller's promise.
            unsafe { self.finish_rows(block) }
        }
    }

    /// Finishes the next [`FINISH_ROWS`] rows, or four or one if there are fewer.
    ///
    /// # Safety
    /// As [`run`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn finish_rows(&mut self, block: &Block<'_>) {
        let Self { step, sums, row, .. } = *self;
        // SAFETY: the caller's promise; the rows are within the step.
        self.row += unsafe {
            match (step.rows - row, step.group.panels) {
                (FINISH_ROWS.., 1) => step.finish::<FINISH_ROWS, 1>(block, sums, row),
                (FINISH_ROWS.., _) => step.finish::<FINISH_ROWS, 2>(block, sums, row),
                (4.., 1) => step.finish::<4, 1>(block, sums, row),
                (4.., _) => step.finish::<4, 2>(block, sums, row),
                (_, 1) => step.finish::<1, 1>(block, sums, row),
                _ => step.finish::<1, 2>(block, sums, row),
            }
        };
    }
}

pub(crate) static TILES: Descriptor = Descriptor {
    isa: Isa::Amx,
    operands: "u8s8",
    layout: Layout::Fours,
    tiles: &[
        super::tile_rows!(1; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
        super::tile_rows!(2; 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
    ],
    careful_tiles: &[],
    row_sums,
    joins_lines: false,
    block: Some(BlockKernel {
        shape: TileShape { rows: STEP_ROWS, panels: 2 },
        least_rows: 6,
        least_lines: TILE_LINES,
        least_panel_lines: 200,
        tile_isa: Isa::Avx512Vnni,
        // The rows of a block share most of their activations, and tiles come from the second level as well.
        copies: false,
        slack_lines: TILE_LINES,
        run,
    }),
};
