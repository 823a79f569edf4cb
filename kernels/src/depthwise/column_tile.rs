//! The depthwise tile for square windows that slide along a row, for instruction sets that add up four
//! products in a lane.
//!
//! A column of the window is `TAPS` taps below each other. Four of them are interleaved for 64 channels,
//! and what is interleaved meets the weights of every output whose window has the column: `AHEAD`
//! outputs are in flight, and every one is finished with its last column:
//!
//! ```text
//! sums[AHEAD][4] = bias
//! for each output
//!     for its STEP new columns
//!         interleave the taps, four at a time           4 loads, 8 shuffles
//!         for every output in flight that has the column
//!             for each term of the weights              a second one only where nine bits are needed
//!                 4 dot products
//!     scale, round, clamp, narrow, store 64 channels
//!     the next output comes first
//! ```
//!
//! Padding reads the input's zero point, so that all outputs have the same bias: rows outside are lines
//! of zero points, and so is a column outside. Sixty-four bytes are read where fewer channels exist;
//! the rest is not stored.

use core::hint::black_box;

use super::quad_tile::PARTS;
use crate::arch::{FloatScale, INTERLEAVED, Interleave, Kernel};
use crate::memory::Line;
use crate::requantize::{Lanes, Requantizer};

/// Wide pixels that lie inside in part.
type Edge = [[u8; INTERLEAVED]; MAX_TAPS];

/// Columns whose weights are kept in registers, where the window has no more.
const KEPT: usize = 3;
/// Taps that are interleaved.
const QUAD: usize = 4;
/// Most taps of a column.
pub(super) const MAX_TAPS: usize = 5;
/// Most pixels of a wide pixel.
pub(super) const MAX_FOLD: usize = 2;

/// A row of outputs in up to 64 channels.
pub(super) struct ColumnTile<'a> {
    /// For each tap of a column, the address of the first pixel of its row of input; that of `padding`
    /// where the row lies outside.
    pub(super) rows: [*const u8; MAX_TAPS],
    /// Bytes from one pixel to the next, in each of the rows; 0 where it lies outside.
    pub(super) steps: [usize; MAX_TAPS],
    /// Zero points for as many bytes as are read at once.
    pub(super) padding: *const u8,
    /// The first column of the first output; negative where padding is to the left.
    pub(super) first: isize,
    /// Columns of input.
    pub(super) width: usize,
    /// Pixels of a wide pixel, which is read and computed as one.
    pub(super) fold: usize,
    /// Channels of a pixel; only read where pixels are wide.
    pub(super) pixel: usize,
    /// Weights: terms, then quads of taps, then columns, then parts.
    pub(super) lines: &'a [Line],
    /// Folded bias.
    pub(super) bias: &'a [Lanes; PARTS],
    /// From sums to outputs in floats, where these are exact.
    pub(super) scaled: Option<&'a FloatScale>,
    /// From sums to outputs.
    pub(super) requantizers: &'a [Requantizer; PARTS],
    /// Address of the first output pixel, at the first channel.
    pub(super) output: *mut u8,
    /// Bytes from one (wide) output pixel to the next.
    pub(super) output_step: usize,
    /// (Wide) output pixels.
    pub(super) pixels: usize,
    /// Channels to store, at most 64.
    pub(super) channels: usize,
    /// Channels of the last pixel to store.
    pub(super) last_channels: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Sixty-four bytes are readable at every column's every tap inside and
/// at `padding`; outputs are writable for the pixels and channels of the tile, which nobody else touches.
pub(super) type ColumnTileFn = unsafe fn(&ColumnTile<'_>);

/// The sums of a tile. The window has `TAPS` by `TAPS` taps that are `STEP` columns apart from one output to the next,
/// `AHEAD` is `TAPS / STEP`, rounded up, and weights have `TERMS` terms. `SCALED` says whether the tile has a [`FloatScale`].
pub(super) struct SlideColumns<
    const TAPS: usize,
    const STEP: usize,
    const AHEAD: usize,
    const TERMS: usize,
    const SCALED: bool,
>;

impl<A: Interleave, const TAPS: usize, const STEP: usize, const AHEAD: usize, const TERMS: usize, const SCALED: bool>
    Kernel<A> for SlideColumns<TAPS, STEP, AHEAD, TERMS, SCALED>
{
    type Call<'a> = ColumnTile<'a>;

    /// # Safety
    /// As [`ColumnTileFn`], in a function that enables the instruction set of `arch`, for a tile as the type says.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &ColumnTile<'_>) {
        const { assert!(TAPS >= KEPT && TAPS <= MAX_TAPS && AHEAD == TAPS.div_ceil(STEP) && AHEAD <= MAX_TAPS) };
        assert!(tile.lines.len() >= TERMS * TAPS.div_ceil(QUAD) * TAPS * PARTS);
        let mut registers = Registers::<A, TAPS, STEP, AHEAD, TERMS>::new(arch, tile);
        // This is no part of the registers: a pointer into them would keep them in memory.
        let edge = &mut [[0; INTERLEAVED]; MAX_TAPS];
        let mut pixel = 0;
        // SAFETY: the caller's promise; columns are those of outputs of the tile, but for those that only
        // outputs after the last have, which are not met.
        unsafe {
            // One after the other by hand, here and below: a loop would keep sums in memory.
            registers.column::<0>(arch, tile, 0, taps::<TAPS>(tile, 0, edge));
            if TAPS - STEP > 1 {
                registers.column::<0>(arch, tile, 1, taps::<TAPS>(tile, 1, edge));
            }
            if TAPS - STEP > 2 {
                registers.column::<0>(arch, tile, 2, taps::<TAPS>(tile, 2, edge));
            }
            if TAPS - STEP > 3 {
                registers.column::<0>(arch, tile, 3, taps::<TAPS>(tile, 3, edge));
            }
            if let Some(scaled) = tile.scaled.filter(|_| SCALED) {
                let inside = inside::<TAPS, STEP>(tile);
                let mut sources = taps::<TAPS>(tile, TAPS - STEP, edge);
                let mut target = tile.output;
                // Loaded anew, the weights live in the loop alone, and the compiler keeps most of them in registers there.
                registers.kept = kept(arch, black_box(tile.lines));
                while pixel + AHEAD <= inside {
                    // Outputs take turns, so that no sums need to move.
                    registers.inner::<0>(arch, (tile, scaled), &mut sources, &mut target);
                    registers.inner::<1>(arch, (tile, scaled), &mut sources, &mut target);
                    if AHEAD > 2 {
                        registers.inner::<2>(arch, (tile, scaled), &mut sources, &mut target);
                    }
                    if AHEAD > 3 {
                        registers.inner::<3>(arch, (tile, scaled), &mut sources, &mut target);
                        registers.inner::<4>(arch, (tile, scaled), &mut sources, &mut target);
                    }
                    pixel += AHEAD;
                }
                registers.kept = kept(arch, black_box(tile.lines));
            }
            while pixel < tile.pixels {
                let column = pixel * STEP + TAPS - STEP;
                registers.column::<0>(arch, tile, TAPS - STEP, taps::<TAPS>(tile, column, edge));
                if STEP > 1 {
                    registers.column::<0>(arch, tile, TAPS - 1, taps::<TAPS>(tile, column + 1, edge));
                }
                finish(arch, tile, registers.sums[0], pixel);
                for next in 1..AHEAD {
                    registers.sums[next - 1] = registers.sums[next];
                }
                registers.sums[AHEAD - 1] = start(arch, tile);
                pixel += 1;
            }
        }
    }
}

/// Outputs from the first on, the last one left out, whose new columns lie inside.
#[inline(always)]
fn inside<const TAPS: usize, const STEP: usize>(tile: &ColumnTile<'_>) -> usize {
    let last = tile.width as isize - tile.fold as isize;
    let spare = last - tile.first - (TAPS as isize - 1);
    if spare < 0 || tile.first + ((TAPS - STEP) as isize) < 0 {
        return 0;
    }
    (spare as usize / STEP + 1).min(tile.pixels - 1)
}

/// The bias.
#[inline(always)]
fn start<A: Interleave>(arch: A, tile: &ColumnTile<'_>) -> [A::Sums; PARTS] {
    // SAFETY: a bias has sixteen values.
    unsafe {
        [
            arch.sums(arch.load(tile.bias[0].0.as_ptr())),
            arch.sums(arch.load(tile.bias[1].0.as_ptr())),
            arch.sums(arch.load(tile.bias[2].0.as_ptr())),
            arch.sums(arch.load(tile.bias[3].0.as_ptr())),
        ]
    }
}

/// The weights of the first columns.
#[inline(always)]
fn kept<A: Interleave>(arch: A, lines: &[Line]) -> [[A::Weights; PARTS]; KEPT] {
    assert!(lines.len() >= KEPT * PARTS);
    // SAFETY: a line has 64 bytes.
    let first = unsafe { arch.load_weights(lines.as_ptr().cast()) };
    let mut kept = [[first; PARTS]; KEPT];
    for (column, kept) in kept.iter_mut().enumerate() {
        for (part, kept) in kept.iter_mut().enumerate() {
            // SAFETY: asserted above.
            *kept = unsafe { arch.load_weights(lines.as_ptr().add(column * PARTS + part).cast()) };
        }
    }
    kept
}

/// What lives as long as a tile runs.
struct Registers<A: Interleave, const TAPS: usize, const STEP: usize, const AHEAD: usize, const TERMS: usize> {
    /// The sums of outputs in flight, which take turns: the first is at the position of the turn.
    sums: [[A::Sums; PARTS]; AHEAD],
    /// Weights that small windows keep in registers.
    kept: [[A::Weights; PARTS]; KEPT],
}

impl<A: Interleave, const TAPS: usize, const STEP: usize, const AHEAD: usize, const TERMS: usize>
    Registers<A, TAPS, STEP, AHEAD, TERMS>
{
    #[inline(always)]
    fn new(arch: A, tile: &ColumnTile<'_>) -> Self {
        Self { sums: [start(arch, tile); AHEAD], kept: kept(arch, tile.lines) }
    }

    /// Computes an output whose new columns lie inside, and moves on.
    ///
    /// # Safety
    /// As [`ColumnTileFn`].
    #[inline(always)]
    unsafe fn inner<const TURN: usize>(
        &mut self,
        arch: A,
        (tile, scaled): (&ColumnTile<'_>, &FloatScale),
        sources: &mut [*const u8; TAPS],
        target: &mut *mut u8,
    ) {
        for new in 0..STEP {
            // SAFETY: the caller's promise.
            unsafe { self.column::<TURN>(arch, tile, TAPS - STEP + new, *sources) }
            for (source, &step) in sources.iter_mut().zip(&tile.steps) {
                *source = source.wrapping_add(step);
            }
        }
        let [a, b, c, d] = self.sums[TURN % AHEAD];
        let lanes = [arch.lanes(a), arch.lanes(b), arch.lanes(c), arch.lanes(d)];
        // SAFETY: the caller vouches for the outputs; this one is not the last.
        unsafe { arch.store_scaled(*target, lanes, scaled, tile.channels) }
        *target = target.wrapping_add(tile.output_step);
        self.sums[TURN % AHEAD] = start(arch, tile);
    }

    /// Adds a column, the `column`-th of the first output's in flight, to all outputs that have it.
    ///
    /// # Safety
    /// As [`ColumnTileFn`], with sixty-four bytes readable at the taps.
    #[inline(always)]
    unsafe fn column<const TURN: usize>(
        &mut self,
        arch: A,
        tile: &ColumnTile<'_>,
        column: usize,
        taps: [*const u8; TAPS],
    ) {
        for quad in 0..TAPS.div_ceil(QUAD) {
            let mut four = [taps[quad * QUAD]; QUAD];
            for (index, tap) in four.iter_mut().enumerate() {
                *tap = taps[(quad * QUAD + index).min(TAPS - 1)];
            }
            // SAFETY: the caller vouches for 64 bytes at each tap.
            let interleaved = unsafe { arch.load_taps(four) };
            for ahead in 0..AHEAD {
                if column < ahead * STEP {
                    continue;
                }
                let column = column - ahead * STEP;
                for term in 0..TERMS {
                    let line = ((term * TAPS.div_ceil(QUAD) + quad) * TAPS + column) * PARTS;
                    for (part, &taps) in interleaved.iter().enumerate() {
                        let weights = if TAPS == KEPT && term == 0 {
                            self.kept[column][part]
                        } else {
                            // SAFETY: the kernel has asserted that there are lines for all terms, quads, columns
                            // and parts.
                            unsafe { arch.load_weights(tile.lines.as_ptr().add(line + part).cast()) }
                        };
                        let sum = &mut self.sums[(TURN + ahead) % AHEAD][part];
                        *sum = arch.dot_taps(*sum, taps, weights);
                    }
                }
            }
        }
    }
}

/// The addresses of the taps of a column, counted from the first output's first.
///
/// # Safety
/// As [`ColumnTileFn`].
#[inline(always)]
unsafe fn taps<const TAPS: usize>(tile: &ColumnTile<'_>, column: usize, edge: &mut Edge) -> [*const u8; TAPS] {
    let at = tile.first + column as isize;
    let last = tile.width as isize - tile.fold as isize;
    if (0..=last).contains(&at) {
        core::array::from_fn(|tap| tile.rows[tap].wrapping_add(at as usize * tile.steps[tap]))
    } else if tile.fold == 1 || at + tile.fold as isize <= 0 || at >= tile.width as isize {
        [tile.padding; TAPS]
    } else {
        // SAFETY: the caller's promise.
        unsafe { fill_edge(tile, at, edge) };
        core::array::from_fn(|tap| edge[tap].as_ptr())
    }
}

/// Makes wide pixels that lie inside in part.
///
/// # Safety
/// As [`ColumnTileFn`].
#[cold]
#[inline(never)]
unsafe fn fill_edge(tile: &ColumnTile<'_>, at: isize, edge: &mut Edge) {
    for (tap, edge) in edge.iter_mut().enumerate() {
        for fold in 0..tile.fold {
            let column = at + fold as isize;
            let inside = (0..tile.width as isize).contains(&column);
            let source =
                if inside { tile.rows[tap].wrapping_offset(column * tile.steps[tap] as isize) } else { tile.padding };
            // SAFETY: the caller vouches for the channels of a pixel inside and of one of the padding;
            // those of all pixels of a wide one are at most 64.
            unsafe { core::ptr::copy_nonoverlapping(source, edge[fold * tile.pixel..].as_mut_ptr(), tile.pixel) }
        }
    }
}

/// Turns the sums of an output into bytes.
///
/// # Safety
/// As [`ColumnTileFn`].
#[inline(always)]
unsafe fn finish<A: Interleave>(arch: A, tile: &ColumnTile<'_>, sums: [A::Sums; PARTS], pixel: usize) {
    let target = tile.output.wrapping_add(pixel * tile.output_step);
    let count = if pixel + 1 < tile.pixels { tile.channels } else { tile.last_channels };
    let lanes = [arch.lanes(sums[0]), arch.lanes(sums[1]), arch.lanes(sums[2]), arch.lanes(sums[3])];
    // SAFETY: the caller vouches for the outputs.
    unsafe {
        if let Some(scaled) = tile.scaled {
            arch.store_scaled(target, lanes, scaled, count);
        } else {
            let [a, b, c, d] = lanes;
            let [a] = tile.requantizers[0].apply(arch, [a]);
            let [b] = tile.requantizers[1].apply(arch, [b]);
            let [c] = tile.requantizers[2].apply(arch, [c]);
            let [d] = tile.requantizers[3].apply(arch, [d]);
            arch.store_parts(target, [a, b, c, d], count);
        }
    }
}
