//! The depthwise tile for square windows that slide along one or two rows of outputs, for ARM.
//!
//! Eight channels are computed for as many outputs as a row has. What a column of input needs before it can be
//! multiplied (widening, interleaving of taps) is done once; the columns that a window sees stay in registers and
//! take turns. Two rows of outputs share rows of input, and fill a register when they are narrowed:
//!
//! ```text
//! columns[TAPS - STEP] = first columns
//! for each output
//!     for its STEP new columns
//!         load eight channels of each row, prepare
//!     sums[OUT][2] = bias, and the products of TAPS columns
//!     scale, round, narrow, clamp, store eight channels of OUT rows
//! ```
//!
//! Padding reads the input's zero point, so that all outputs have the same bias: rows outside are rows of zero
//! points, and so are columns outside. Eight bytes are read where fewer channels exist; the rest is not stored.

use core::arch::aarch64::*;
use core::marker::PhantomData;
use core::ops::Range;

use super::epilogue::{CHANNELS, FORMS, RowEpilogue, Scale, finish};
use crate::arch::{InstructionSet, Kernel};
use crate::memory::Line;

/// Most rows of input that a tile reads.
pub(super) const MAX_ROWS: usize = 5;
/// Most rows of outputs.
pub(super) const MAX_OUTPUTS: usize = 2;

/// A weight of each of eight channels.
pub(super) type ChannelTap = [i32; CHANNELS];

/// Packed weights of a tile, as its instruction set wants them.
pub(super) type Packed = [Line; 4];

/// One or two rows of outputs in up to eight channels.
pub(super) struct RowTile<'a> {
    /// Address of the first pixel of each row of input, at the first channel.
    pub(super) rows: [*const u8; MAX_ROWS],
    /// Eight zero points.
    pub(super) padding: *const u8,
    /// Bytes from one pixel to the next.
    pub(super) step: usize,
    /// The first column of the first output; negative where padding is to the left.
    pub(super) first: isize,
    /// Columns of input.
    pub(super) width: usize,
    /// Weights.
    pub(super) weights: &'a Packed,
    /// From sums to outputs.
    pub(super) epilogue: &'a RowEpilogue,
    /// Address of the first output of each row, at the first channel. Where both are the same, the first row's
    /// outputs remain.
    pub(super) outputs: [*mut u8; MAX_OUTPUTS],
    /// Bytes from one output pixel to the next.
    pub(super) output_step: usize,
    /// Output pixels of a row.
    pub(super) pixels: usize,
    /// Channels to store, at most eight.
    pub(super) channels: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Eight bytes are readable at every column of every row and at the padding;
/// outputs are writable for the pixels and channels of the tile, which nobody else touches.
pub(super) type RowTileFn = unsafe fn(&RowTile<'_>);

/// How an instruction set multiplies `TAPS` columns of `TAPS` taps, for `OUT` rows of outputs.
pub(super) trait RowProducts<A, const TAPS: usize, const OUT: usize> {
    /// A column of the rows of input.
    type Column: Copy;
    /// Weights in registers.
    type Weights: Copy;
    /// Whether multipliers and shifts stay in registers as well.
    const KEEPS: bool;
    /// Whether registers are left for the next output's columns one apart while sums are scaled.
    const AHEAD: bool;

    /// Weights from memory.
    fn weights(arch: A, packed: &Packed) -> Self::Weights;

    /// Loads a column of eight channels.
    ///
    /// # Safety
    /// Eight bytes are readable at each source.
    unsafe fn column(arch: A, sources: [*const u8; MAX_ROWS]) -> Self::Column;

    /// The sums of an output of each row, which begin with the bias; weights that no register holds are in memory.
    fn sums(
        arch: A,
        constants: (&[i32; CHANNELS], &Packed),
        columns: [Self::Column; TAPS],
        weights: Self::Weights,
    ) -> [[int32x4_t; 2]; OUT];
}

/// The sums of a tile, by the products of `P`; windows are `STEP` columns apart, and `FORM` is the epilogue's.
pub(super) struct SlideRows<P, const TAPS: usize, const OUT: usize, const STEP: usize, const FORM: usize>(
    PhantomData<P>,
);

impl<A, P, const TAPS: usize, const OUT: usize, const STEP: usize, const FORM: usize> Kernel<A>
    for SlideRows<P, TAPS, OUT, STEP, FORM>
where
    A: InstructionSet,
    P: RowProducts<A, TAPS, OUT>,
{
    type Call<'a> = RowTile<'a>;

    /// # Safety
    /// As [`RowTileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &RowTile<'_>) {
        const { assert!((TAPS == 3 || TAPS == 5) && STEP <= 2 && OUT <= MAX_OUTPUTS && FORM < FORMS) };
        let held = (P::weights(arch, tile.weights), Scale::new(tile.epilogue));
        // SAFETY: the caller's promise; columns are those that outputs of the tile see.
        unsafe {
            let mut columns = [P::column(arch, sources(tile, 0)); TAPS];
            for column in 1..TAPS - STEP {
                columns[column] = P::column(arch, sources(tile, column));
            }
            let inside = inside::<TAPS, STEP>(tile);
            let mut pixel = 0;
            while pixel < tile.pixels {
                if tile.channels == CHANNELS && inside.start <= pixel && pixel + TAPS < inside.end {
                    let column = (tile.first + (pixel * STEP + TAPS - STEP) as isize).cast_unsigned();
                    let mut at = At { offset: column * tile.step, output: pixel * tile.output_step };
                    if const { P::AHEAD || STEP > 1 } {
                        new_columns::<A, P, TAPS, OUT, STEP, 0>(arch, tile, &mut columns, &mut at);
                    }
                    while pixel + TAPS < inside.end {
                        // Columns take turns, so that none needs to move.
                        turn::<A, P, TAPS, OUT, STEP, FORM, 0>(arch, tile, held, &mut columns, &mut at);
                        turn::<A, P, TAPS, OUT, STEP, FORM, 1>(arch, tile, held, &mut columns, &mut at);
                        turn::<A, P, TAPS, OUT, STEP, FORM, 2>(arch, tile, held, &mut columns, &mut at);
                        if TAPS > 3 {
                            turn::<A, P, TAPS, OUT, STEP, FORM, 3>(arch, tile, held, &mut columns, &mut at);
                            turn::<A, P, TAPS, OUT, STEP, FORM, 4>(arch, tile, held, &mut columns, &mut at);
                        }
                        pixel += TAPS;
                    }
                }
                for new in TAPS - STEP..TAPS {
                    columns[new] = P::column(arch, sources(tile, pixel * STEP + new));
                }
                let sums = P::sums(arch, (&tile.epilogue.bias, tile.weights), columns, held.0);
                let bytes = finish::<OUT, FORM>(sums, held.1, tile.epilogue);
                store(tile, bytes, pixel * tile.output_step);
                for kept in 0..TAPS - STEP {
                    columns[kept] = columns[kept + STEP];
                }
                pixel += 1;
            }
        }
    }
}

/// Outputs whose new columns lie inside.
#[inline(always)]
fn inside<const TAPS: usize, const STEP: usize>(tile: &RowTile<'_>) -> Range<usize> {
    let new = tile.first + (TAPS - STEP) as isize;
    let start = if new < 0 { new.unsigned_abs().div_ceil(STEP) } else { 0 };
    let last = tile.width as isize - 1 - (tile.first + (TAPS as isize - 1));
    let end = if last < 0 { 0 } else { last.cast_unsigned() / STEP + 1 };
    start..end.min(tile.pixels)
}

/// The addresses of a column, counted from the first output's first.
#[inline(always)]
fn sources(tile: &RowTile<'_>, column: usize) -> [*const u8; MAX_ROWS] {
    let at = tile.first + column as isize;
    let mut sources = [tile.padding; MAX_ROWS];
    if (0..tile.width as isize).contains(&at) {
        for (source, row) in sources.iter_mut().zip(tile.rows) {
            *source = row.wrapping_add(at.cast_unsigned() * tile.step);
        }
    }
    sources
}

/// The position within the rows, in bytes.
struct At {
    /// From the first pixel of a row to the next new column.
    offset: usize,
    /// From the first output of a row to the next one.
    output: usize,
}

/// The same number, of which the compiler knows no origin: it would keep an address for each row and column, and add
/// to them all, where loads take the sum of two registers.
#[inline(always)]
fn opaque(number: usize) -> usize {
    let mut number = number;
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} */", inlateout(reg) number, options(pure, nomem, nostack, preserves_flags)) };
    number
}

/// Loads the new columns of the output whose first column is at the position of the turn.
///
/// # Safety
/// As [`RowTileFn`], for columns that lie inside.
#[inline(always)]
unsafe fn new_columns<
    A: InstructionSet,
    P: RowProducts<A, TAPS, OUT>,
    const TAPS: usize,
    const OUT: usize,
    const STEP: usize,
    const TURN: usize,
>(
    arch: A,
    tile: &RowTile<'_>,
    columns: &mut [P::Column; TAPS],
    at: &mut At,
) {
    for new in TAPS - STEP..TAPS {
        let mut sources = tile.rows;
        for source in &mut sources {
            *source = source.wrapping_add(at.offset);
        }
        // SAFETY: the caller's promise.
        columns[(TURN * STEP + new) % TAPS] = unsafe { P::column(arch, sources) };
        at.offset = opaque(at.offset + tile.step);
    }
}

/// Computes an output whose first column is at the position of the turn.
///
/// The next output's new columns are loaded before this one's sums are scaled, which takes one instruction after the
/// other: CPUs that do not change the order of instructions have something to do meanwhile. Where that would put
/// registers on the stack, an output's columns are loaded before its products.
///
/// # Safety
/// As [`RowTileFn`], where the next output's columns lie inside as well.
#[inline(always)]
unsafe fn turn<
    A: InstructionSet,
    P: RowProducts<A, TAPS, OUT>,
    const TAPS: usize,
    const OUT: usize,
    const STEP: usize,
    const FORM: usize,
    const TURN: usize,
>(
    arch: A,
    tile: &RowTile<'_>,
    (weights, scale): (P::Weights, Scale),
    columns: &mut [P::Column; TAPS],
    at: &mut At,
) {
    let ahead = const { P::AHEAD || STEP > 1 };
    if !ahead {
        // SAFETY: the caller's promise.
        unsafe { new_columns::<A, P, TAPS, OUT, STEP, TURN>(arch, tile, columns, at) }
    }
    let mut window = *columns;
    for (index, column) in window.iter_mut().enumerate() {
        *column = columns[(TURN * STEP + index) % TAPS];
    }
    let sums = P::sums(arch, (&tile.epilogue.bias, tile.weights), window, weights);
    if ahead {
        // SAFETY: the caller's promise.
        unsafe {
            match TURN {
                0 => new_columns::<A, P, TAPS, OUT, STEP, 1>(arch, tile, columns, at),
                1 => new_columns::<A, P, TAPS, OUT, STEP, 2>(arch, tile, columns, at),
                2 => new_columns::<A, P, TAPS, OUT, STEP, 3>(arch, tile, columns, at),
                3 => new_columns::<A, P, TAPS, OUT, STEP, 4>(arch, tile, columns, at),
                _ => new_columns::<A, P, TAPS, OUT, STEP, 5>(arch, tile, columns, at),
            }
        }
    }
    let scale = if P::KEEPS { scale } else { Scale::new(tile.epilogue) };
    let bytes = finish::<OUT, FORM>(sums, scale, tile.epilogue);
    for row in (0..OUT).rev() {
        // SAFETY: the caller vouches for eight channels of the output.
        unsafe { vst1_u8(tile.outputs[row].wrapping_add(at.output), bytes[row]) }
    }
    at.output += tile.output_step;
}

/// Stores the channels that exist.
///
/// # Safety
/// As [`RowTileFn`].
#[inline(always)]
unsafe fn store<const OUT: usize>(tile: &RowTile<'_>, bytes: [uint8x8_t; OUT], offset: usize) {
    for row in (0..OUT).rev() {
        let target = tile.outputs[row].wrapping_add(offset);
        if tile.channels == CHANNELS {
            // SAFETY: the caller vouches for the outputs.
            unsafe { vst1_u8(target, bytes[row]) }
        } else {
            let mut whole = [0; CHANNELS];
            // SAFETY: `whole` has eight bytes, and the caller vouches for the channels that exist.
            unsafe {
                vst1_u8(whole.as_mut_ptr(), bytes[row]);
                core::ptr::copy_nonoverlapping(whole.as_ptr(), target, tile.channels);
            }
        }
    }
}
