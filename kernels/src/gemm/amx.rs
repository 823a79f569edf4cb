//! AMX blocks: `tdpbusd` on tiles of sixteen rows by sixteen columns by 64 k.
//!
//! The packed lines of sixteen columns by four k are what a tile of weights wants: sixteen of them
//! are one. Activations have to lie in rows at equal distance. Sixteen pixels that follow each other in a line of the image
//! do, and are read where they are, if each segment is whole tiles of weights or is filled up with zeros to such
//! ([`Layout::pitch`](super::layout::Layout::pitch)). Other rows are copied first, run after run, each run padded with zeros to
//! 64 bytes; weights that such a padding meets may be anything.
//!
//! ```text
//! copy the rows of the block that are not read in place
//! for each panel group, for every 32 rows:
//!     for each run, for each 64 k: load 2 + 2 tiles, 4 products      two of each, as far as there are
//!         finish 16 rows of the 32 before these                      as the other tiles do
//!     store the sums
//! ```
//!
//! Blocks of few rows waste most of a tile, and where there are few columns and short K, copying takes longer than
//! multiplying; they go to the AVX-512 tiles, which share the packing.

use core::cell::Cell;
use core::iter;

use super::block::Block;
use super::block_kernel::BlockCall;
use super::epilogue::ToBytes;
use super::panel_epilogue::PanelGroup;
use super::panel_ranges::PanelRange;
use super::partition::MAX_BLOCK_ROWS;
use super::shape::KernelShape;
use crate::arch::amx::{self, Sums, TILE_BYTES, TILE_ROWS, Tiles};
use crate::arch::{Amx, Arch, Avx512Vnni, InstructionSet, Kernel};
use crate::epilogue::Epilogue;
use crate::memory::{Line, SLACK};

/// Lines of a tile of weights.
const TILE_LINES: usize = AmxBlock::TILE_LINES;
/// Rows that a step computes.
const STEP_ROWS: usize = 2 * TILE_ROWS;
/// Rows that are finished at a time.
const FINISH_ROWS: usize = 16;

/// Sixteen rows, or fewer at the end of a block, as a tile reads them.
#[derive(Clone, Copy)]
struct TileSource {
    /// The first row.
    start: *const u8,
    /// Bytes from one row to the next.
    stride: usize,
    /// Whether they are where the convolution reads them; else they are copies, one chunk of K after the other.
    in_place: bool,
}

impl TileSource {
    const NONE: Self = Self { start: core::ptr::null(), stride: 0, in_place: false };

    /// Whole tiles of rows at equal distance, where they are.
    fn in_place(rows: &[*const u8]) -> Option<Self> {
        let distance = |pair: &[*const u8]| pair[1].addr().wrapping_sub(pair[0].addr());
        let stride = distance(rows.get(..2)?);
        let even = rows.len() == TILE_ROWS && rows.windows(2).all(|pair| distance(pair) == stride);
        even.then_some(Self { start: rows[0], stride, in_place: true })
    }
}

// What a filled segment reads past the last pixel.
const _: () = assert!(TILE_BYTES <= SLACK);

/// Where the tiles of a block read its rows.
struct Sources([TileSource; MAX_BLOCK_ROWS.div_ceil(TILE_ROWS)]);

/// Rows copied to equal distances.
struct Copies<'a> {
    lines: &'a mut [Line],
    /// Lines from one row to the next.
    row_lines: usize,
}

/// Lines from one row to the next: an odd distance keeps the rows of a tile in different sets of the cache.
fn row_lines(ranges: &[PanelRange]) -> usize {
    ranges.iter().map(chunks).sum::<usize>() | 1
}

impl Sources {
    /// Finds the tiles that can be read in place, and copies the rows of the others; rows up to a multiple of sixteen hold
    /// anything.
    ///
    /// # Safety
    /// The segments of every row are readable.
    #[inline(always)]
    unsafe fn new(call: &BlockCall<'_>, lines: &mut [Line]) -> Self {
        let mut copies = Copies { lines, row_lines: row_lines(call.ranges) };
        let needed = AmxBlock::workspace_lines(call.ranges, call.block.rows.len());
        assert!(copies.lines.len() >= needed, "a workspace of {} lines", copies.lines.len());
        let mut sources = Self([TileSource::NONE; _]);
        for (tile, rows) in call.block.rows.chunks(TILE_ROWS).enumerate() {
            let first = tile * TILE_ROWS;
            sources.0[tile] = TileSource::in_place(rows).filter(|_| call.whole_tiles).unwrap_or_else(|| {
                for (index, &row) in rows.iter().enumerate() {
                    // SAFETY: the caller's promise.
                    unsafe { copies.copy_row(call, first + index, row) }
                }
                TileSource { start: copies.row(first), stride: copies.row_lines * TILE_BYTES, in_place: false }
            });
        }
        sources
    }

    /// What the tiles of up to 32 rows read; the second is any where there is none.
    fn of_step(&self, first: usize) -> [TileSource; 2] {
        let tile = first / TILE_ROWS;
        [self.0[tile], self.0.get(tile + 1).copied().unwrap_or(TileSource::NONE)]
    }
}

impl Copies<'_> {
    /// # Safety
    /// The segments of the row are readable.
    #[inline(always)]
    unsafe fn copy_row(&mut self, call: &BlockCall<'_>, index: usize, row: *const u8) {
        let start = index * self.row_lines;
        let target: *mut u8 = self.lines[start..start + self.row_lines + 2].as_mut_ptr().cast();
        let mut at = 0;
        for range in call.ranges {
            for segment in &call.block.class.segments[range.segments.clone()] {
                // The zeros past the segment's end are overwritten by the next segment.
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

/// Tiles of weights in a range.
fn chunks(range: &PanelRange) -> usize {
    range.lines.div_ceil(TILE_LINES)
}

/// The pieces of a range that are contiguous in the activations, as bytes from a row's pointer and chunks of K. Where segments
/// are no whole tiles, the range is one piece of copies.
fn pieces<'a>(call: &'a BlockCall<'_>, range: &'a PanelRange) -> impl Iterator<Item = (usize, usize)> + 'a {
    let segments = call.block.class.segments[range.segments.clone()].iter().filter(|_| call.whole_tiles);
    let whole = iter::once((0, chunks(range))).filter(|_| !call.whole_tiles);
    segments.map(|segment| (segment.offset as usize, segment.steps().div_ceil(TILE_LINES))).chain(whole)
}

/// Computes a block of rows times its panel groups.
pub(crate) struct AmxBlock;

impl AmxBlock {
    /// Rows and panels that it computes together.
    pub(crate) const SHAPE: KernelShape = KernelShape { rows: STEP_ROWS, panels: 2 };
    /// Lines of a tile of weights.
    pub(crate) const TILE_LINES: usize = TILE_BYTES / 4;
    /// Fewest lines of K that it suits.
    pub(crate) const LEAST_LINES: usize = Self::TILE_LINES;
    /// Lines past the last panel that it reads; they meet activations of 0.
    pub(crate) const SLACK_LINES: usize = Self::TILE_LINES;

    /// Lines that copies of so many rows take, of a class of such ranges.
    pub(crate) fn workspace_lines(ranges: &[PanelRange], rows: usize) -> usize {
        // Copies write whole lines from wherever a segment starts, at most two past its row.
        rows.next_multiple_of(TILE_ROWS) * row_lines(ranges) + 2
    }
}

impl Kernel<Amx> for AmxBlock {
    type Call<'a> = BlockCall<'a>;

    /// # Safety
    /// As [`BlockFn`](super::block_kernel::BlockFn).
    #[inline(always)]
    unsafe fn run(_arch: Amx, call: &BlockCall<'_>) {
        let block = call.block;
        // SAFETY: the caller vouches for the rows.
        let sources = unsafe { Sources::new(call, call.workspace.take()) };
        // SAFETY: the value proves AMX; tiles are configured nowhere else.
        let mut tiles = unsafe { Tiles::configure() };
        let mut sums = [Sums::ZERO; 2];
        let chunks = call.ranges.iter().map(chunks).sum();
        let mut last = Step { group: block.groups[0], first: 0, rows: 0 };
        let mut turn = 0;
        for &group in block.groups {
            for first in (0..block.rows.len()).step_by(STEP_ROWS) {
                let step = Step { group, first, rows: STEP_ROWS.min(block.rows.len() - first) };
                let pending = Pending::new(block, last, &sums[1 - turn], chunks);
                // SAFETY: the caller's promise.
                unsafe {
                    step.compute(&mut tiles, call, sources.of_step(first), &pending);
                    pending.finish();
                }
                step.store(&mut tiles, &mut sums[turn]);
                last = step;
                turn = 1 - turn;
            }
        }
        // SAFETY: the caller's promise.
        unsafe { Pending::new(block, last, &sums[1 - turn], chunks).finish() }
    }
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
    /// As [`AmxBlock`]'s run.
    #[inline(always)]
    unsafe fn compute(self, tiles: &mut Tiles, call: &BlockCall<'_>, sources: [TileSource; 2], pending: &Pending<'_>) {
        // SAFETY: the caller's promise.
        unsafe {
            match (self.rows > TILE_ROWS, self.group.panels) {
                (false, 1) => self.products::<1, 1>(tiles, call, sources, pending),
                (false, _) => self.products::<1, 2>(tiles, call, sources, pending),
                (true, 1) => self.products::<2, 1>(tiles, call, sources, pending),
                (true, _) => self.products::<2, 2>(tiles, call, sources, pending),
            }
        }
    }

    /// The sums of `16 * ROWS` rows times `COLUMNS` panels.
    ///
    /// # Safety
    /// As [`AmxBlock`]'s run.
    #[inline(always)]
    unsafe fn products<const ROWS: usize, const COLUMNS: usize>(
        self,
        tiles: &mut Tiles,
        call: &BlockCall<'_>,
        sources: [TileSource; 2],
        pending: &Pending<'_>,
    ) {
        let panel_lines = call.weights.panel_lines;
        tiles.clear_sums();
        let mut copied = 0;
        for range in call.ranges {
            let line = self.group.first * panel_lines + range.line;
            let last = line + (COLUMNS - 1) * panel_lines + chunks(range) * TILE_LINES;
            let mut weights = call.weights.lines[line..last].as_ptr().cast::<i8>();
            for (offset, chunks) in pieces(call, range) {
                let mut rows =
                    sources.map(|source| source.start.wrapping_add(if source.in_place { offset } else { copied }));
                for _ in 0..chunks {
                    // SAFETY: a source holds sixteen rows, each of all pieces' chunks: copies as they were made, and rows in
                    // place up to where segments reach. The slice above holds the lines.
                    unsafe {
                        tiles.load_activations::<0>(rows[0], sources[0].stride);
                        tiles.load_weights::<0>(weights);
                        if ROWS == 2 {
                            tiles.load_activations::<1>(rows[1], sources[1].stride);
                        }
                        if COLUMNS == 2 {
                            tiles.load_weights::<1>(weights.wrapping_add(panel_lines * TILE_BYTES));
                        }
                    }
                    tiles.multiply::<ROWS, COLUMNS>();
                    // SAFETY: the caller's promise.
                    unsafe { pending.advance() }
                    rows = rows.map(|row| row.wrapping_add(TILE_BYTES));
                    weights = weights.wrapping_add(TILE_LINES * TILE_BYTES);
                }
                copied += chunks * TILE_BYTES;
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
    /// As [`AmxBlock`]'s run; the group has `PANELS` panels.
    #[inline(always)]
    unsafe fn finish<const ROWS: usize, const PANELS: usize>(
        self,
        arch: Avx512Vnni,
        block: &Block<'_>,
        sums: &Sums,
        row: usize,
    ) -> usize {
        let first = self.first + row;
        let epilogue = block.epilogue(self.group, first..first + ROWS);
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
        unsafe { ToBytes::finish(arch, &epilogue, lanes) }
        ROWS
    }
}

/// A step whose sums are stored. It is finished bit by bit between the chunks of the next one, so that the vector
/// units work while the tiles do.
struct Pending<'a> {
    block: &'a Block<'a>,
    step: Step,
    sums: &'a Sums,
    /// The first row that is not finished.
    row: Cell<usize>,
    /// How often [`FINISH_ROWS`] rows are finished with each chunk.
    turns: usize,
}

impl<'a> Pending<'a> {
    fn new(block: &'a Block<'a>, step: Step, sums: &'a Sums, chunks: usize) -> Self {
        let turns = (STEP_ROWS / FINISH_ROWS).div_ceil(chunks.max(1));
        Self { block, step, sums, row: Cell::new(0), turns }
    }

    /// Finishes a chunk's share.
    ///
    /// # Safety
    /// As [`AmxBlock`]'s run.
    #[inline(always)]
    unsafe fn advance(&self) {
        for _ in 0..self.turns {
            if self.row.get() < self.step.rows {
                // SAFETY: the caller's promise.
                unsafe { Avx512Vnni::enter::<FinishRows>(self) }
            }
        }
    }

    /// Finishes all rows.
    ///
    /// # Safety
    /// As [`AmxBlock`]'s run.
    #[inline(always)]
    unsafe fn finish(self) {
        while self.row.get() < self.step.rows {
            // SAFETY: the caller's promise.
            unsafe { Avx512Vnni::enter::<FinishRows>(&self) }
        }
    }
}

/// Finishes the next [`FINISH_ROWS`] rows, or four or one if there are fewer. It is entered as a function of its own, since
/// it is called from many places.
struct FinishRows;

impl Kernel<Avx512Vnni> for FinishRows {
    type Call<'a> = Pending<'a>;

    /// # Safety
    /// As [`AmxBlock`]'s run; rows are left.
    #[inline(always)]
    unsafe fn run(arch: Avx512Vnni, call: &Pending<'_>) {
        let Pending { block, step, sums, ref row, .. } = *call;
        let at = row.get();
        // SAFETY: the caller's promise; the rows are within the step.
        let finished = unsafe {
            match (step.rows - at, step.group.panels) {
                (FINISH_ROWS.., 1) => step.finish::<FINISH_ROWS, 1>(arch, block, sums, at),
                (FINISH_ROWS.., _) => step.finish::<FINISH_ROWS, 2>(arch, block, sums, at),
                (4.., 1) => step.finish::<4, 1>(arch, block, sums, at),
                (4.., _) => step.finish::<4, 2>(arch, block, sums, at),
                (_, 1) => step.finish::<1, 1>(arch, block, sums, at),
                _ => step.finish::<1, 2>(arch, block, sums, at),
            }
        };
        row.set(at + finished);
    }
}
