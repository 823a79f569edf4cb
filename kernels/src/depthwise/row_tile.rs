//! The depthwise tile for square windows that slide along one or two rows of outputs, for Arm.
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
//!
//! Biases and clamps are loaded for each output, and multipliers where they do not fit, which leaves the registers to
//! weights and columns.

use core::arch::aarch64::*;
use core::ops::Range;

use crate::memory::Line;

/// Channels of a tile.
pub(super) const CHANNELS: usize = 8;
/// Most rows of input that a tile reads.
pub(super) const MOST_ROWS: usize = 5;
/// Most rows of outputs.
pub(super) const MOST_OUTPUTS: usize = 2;

/// Packed weights of a tile, as its instruction set wants them.
pub(super) type Packed = [Line; 4];

/// Negative sums become the least output, and all scaled sums fit 16 bits.
pub(super) const CLAMPED_SMALL: usize = 0;
/// Negative sums become the least output.
pub(super) const CLAMPED: usize = 1;
/// Both signs.
pub(super) const ROUNDED: usize = 2;
/// Forms of an ending, above.
pub(super) const FORMS: usize = 3;

/// From sums to outputs.
#[repr(C, align(64))]
pub(super) struct Ending {
    pub(super) bias: [i32; CHANNELS],
    pub(super) mantissa: [i32; CHANNELS],
    /// Right shifts, negated as `srshl` takes them.
    pub(super) shift: [i32; CHANNELS],
    /// The sign bit where there is a right shift, whose ties go away from 0.
    pub(super) ties: [i32; CHANNELS],
    /// Added to scaled sums: the zero point less the least output.
    pub(super) lift: [i16; CHANNELS],
    /// The greatest output less the least one.
    pub(super) span: [u8; 16],
    /// The least output.
    pub(super) least: [u8; 16],
}

/// One or two rows of outputs in up to eight channels.
pub(super) struct RowTile<'a> {
    /// Address of the first pixel of each row of input, at the first channel.
    pub(super) rows: [*const u8; MOST_ROWS],
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
    pub(super) ending: &'a Ending,
    /// Address of the first output of each row, at the first channel. Where both are the same, the first row's
    /// outputs remain.
    pub(super) outputs: [*mut u8; MOST_OUTPUTS],
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
pub(super) trait Sliding<const TAPS: usize, const OUT: usize>: Copy {
    /// A column of the rows of input.
    type Column: Copy;
    /// Weights in registers.
    type Weights: Copy;
    /// Whether multipliers and shifts stay in registers as well.
    const KEEPS: bool;
    /// Whether registers are left for the next output's columns one apart while sums are scaled.
    const AHEAD: bool;

    /// Weights from memory.
    fn weights(self, packed: &Packed) -> Self::Weights;

    /// Loads a column of eight channels.
    ///
    /// # Safety
    /// Eight bytes are readable at each source.
    unsafe fn column(self, sources: [*const u8; MOST_ROWS]) -> Self::Column;

    /// The sums of an output of each row, which begin with the bias; weights that no register holds are in memory.
    fn sums(
        self,
        constants: (&[i32; CHANNELS], &Packed),
        columns: [Self::Column; TAPS],
        weights: Self::Weights,
    ) -> [[int32x4_t; 2]; OUT];
}

/// Computes one tile; windows are `STEP` columns apart, and `FORM` is the ending's.
///
/// # Safety
/// As [`RowTileFn`], in a function that enables the instruction set of `arch`.
#[inline(always)]
pub(super) unsafe fn run<
    S: Sliding<TAPS, OUT>,
    const TAPS: usize,
    const OUT: usize,
    const STEP: usize,
    const FORM: usize,
>(
    arch: S,
    tile: &RowTile<'_>,
) {
    const { assert!((TAPS == 3 || TAPS == 5) && STEP <= 2 && OUT <= MOST_OUTPUTS && FORM < FORMS) };
    let held = (arch.weights(tile.weights), Scale::new(tile.ending));
    // SAFETY: the caller's promise; columns are those that outputs of the tile see.
    unsafe {
        let mut columns = [arch.column(sources(tile, 0)); TAPS];
        for column in 1..TAPS - STEP {
            columns[column] = arch.column(sources(tile, column));
        }
        let inside = inside::<TAPS, STEP>(tile);
        let mut pixel = 0;
        while pixel < tile.pixels {
            if tile.channels == CHANNELS && inside.start <= pixel && pixel + TAPS < inside.end {
                let column = (tile.first + (pixel * STEP + TAPS - STEP) as isize).cast_unsigned();
                let mut at = At { offset: column * tile.step, output: pixel * tile.output_step };
                if const { S::AHEAD || STEP > 1 } {
                    new_columns::<S, TAPS, OUT, STEP, 0>(arch, tile, &mut columns, &mut at);
                }
                while pixel + TAPS < inside.end {
                    // Columns take turns, so that none needs to move.
                    turn::<S, TAPS, OUT, STEP, FORM, 0>(arch, tile, held, &mut columns, &mut at);
                    turn::<S, TAPS, OUT, STEP, FORM, 1>(arch, tile, held, &mut columns, &mut at);
                    turn::<S, TAPS, OUT, STEP, FORM, 2>(arch, tile, held, &mut columns, &mut at);
                    if TAPS > 3 {
                        turn::<S, TAPS, OUT, STEP, FORM, 3>(arch, tile, held, &mut columns, &mut at);
                        turn::<S, TAPS, OUT, STEP, FORM, 4>(arch, tile, held, &mut columns, &mut at);
                    }
                    pixel += TAPS;
                }
            }
            for new in TAPS - STEP..TAPS {
                columns[new] = arch.column(sources(tile, pixel * STEP + new));
            }
            let sums = arch.sums((&tile.ending.bias, tile.weights), columns, held.0);
            let bytes = finish::<OUT, FORM>(sums, held.1, tile.ending);
            store(tile, bytes, pixel * tile.output_step);
            for kept in 0..TAPS - STEP {
                columns[kept] = columns[kept + STEP];
            }
            pixel += 1;
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
fn sources(tile: &RowTile<'_>, column: usize) -> [*const u8; MOST_ROWS] {
    let at = tile.first + column as isize;
    let mut sources = [tile.padding; MOST_ROWS];
    if (0..tile.width as isize).contains(&at) {
        for (source, row) in sources.iter_mut().zip(tile.rows) {
            *source = row.wrapping_add(at.cast_unsigned() * tile.step);
        }
    }
    sources
}

/// Where a walk inside has come to, in bytes.
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

/// Loads the new columns of the output whose first column is at the place of the turn.
///
/// # Safety
/// As [`run`], for columns that lie inside.
#[inline(always)]
unsafe fn new_columns<
    S: Sliding<TAPS, OUT>,
    const TAPS: usize,
    const OUT: usize,
    const STEP: usize,
    const TURN: usize,
>(
    arch: S,
    tile: &RowTile<'_>,
    columns: &mut [S::Column; TAPS],
    at: &mut At,
) {
    for new in TAPS - STEP..TAPS {
        let mut sources = tile.rows;
        for source in &mut sources {
            *source = source.wrapping_add(at.offset);
        }
        // SAFETY: the caller's promise.
        columns[(TURN * STEP + new) % TAPS] = unsafe { arch.column(sources) };
        at.offset = opaque(at.offset + tile.step);
    }
}

/// Computes an output whose first column is at the place of the turn.
///
/// The next output's new columns are loaded before this one's sums are scaled, which takes one instruction after the
/// other: CPUs that do not change the order of instructions have something to do meanwhile. Where that would put
/// registers on the stack, an output's columns are loaded before its products.
///
/// # Safety
/// As [`run`], where the next output's columns lie inside as well.
#[inline(always)]
unsafe fn turn<
    S: Sliding<TAPS, OUT>,
    const TAPS: usize,
    const OUT: usize,
    const STEP: usize,
    const FORM: usize,
    const TURN: usize,
>(
    arch: S,
    tile: &RowTile<'_>,
    (weights, scale): (S::Weights, Scale),
    columns: &mut [S::Column; TAPS],
    at: &mut At,
) {
    let ahead = const { S::AHEAD || STEP > 1 };
    if !ahead {
        // SAFETY: the caller's promise.
        unsafe { new_columns::<S, TAPS, OUT, STEP, TURN>(arch, tile, columns, at) }
    }
    let mut window = *columns;
    for (index, column) in window.iter_mut().enumerate() {
        *column = columns[(TURN * STEP + index) % TAPS];
    }
    let sums = arch.sums((&tile.ending.bias, tile.weights), window, weights);
    if ahead {
        // SAFETY: the caller's promise.
        unsafe {
            match TURN {
                0 => new_columns::<S, TAPS, OUT, STEP, 1>(arch, tile, columns, at),
                1 => new_columns::<S, TAPS, OUT, STEP, 2>(arch, tile, columns, at),
                2 => new_columns::<S, TAPS, OUT, STEP, 3>(arch, tile, columns, at),
                3 => new_columns::<S, TAPS, OUT, STEP, 4>(arch, tile, columns, at),
                _ => new_columns::<S, TAPS, OUT, STEP, 5>(arch, tile, columns, at),
            }
        }
    }
    let scale = if S::KEEPS { scale } else { Scale::new(tile.ending) };
    let bytes = finish::<OUT, FORM>(sums, scale, tile.ending);
    for row in (0..OUT).rev() {
        // SAFETY: the caller vouches for eight channels of the output.
        unsafe { vst1_u8(tile.outputs[row].wrapping_add(at.output), bytes[row]) }
    }
    at.output += tile.output_step;
}

/// Stores the channels that exist.
///
/// # Safety
/// As [`run`].
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

/// Multipliers and shifts of eight channels.
#[derive(Clone, Copy)]
struct Scale {
    mantissa: [int32x4_t; 2],
    shift: [int32x4_t; 2],
}

impl Scale {
    #[inline(always)]
    fn new(ending: &Ending) -> Self {
        let (mantissa, shift) = (ending.mantissa.as_ptr(), ending.shift.as_ptr());
        // SAFETY: Advanced SIMD is there; the arrays have eight values.
        unsafe {
            Self {
                mantissa: [vld1q_s32(mantissa), vld1q_s32(mantissa.add(4))],
                shift: [vld1q_s32(shift), vld1q_s32(shift.add(4))],
            }
        }
    }
}

/// Sums as stored bytes.
#[inline(always)]
fn finish<const OUT: usize, const FORM: usize>(
    sums: [[int32x4_t; 2]; OUT],
    scale: Scale,
    ending: &Ending,
) -> [uint8x8_t; OUT] {
    // SAFETY: Advanced SIMD is there; all loads are of arrays of their length.
    unsafe {
        let words = words::<FORM>(sums[0], scale, ending);
        if OUT == 1 {
            let bytes = vmin_u8(vqmovun_s16(words), vld1_u8(ending.span.as_ptr()));
            return [vadd_u8(bytes, vld1_u8(ending.least.as_ptr())); OUT];
        }
        let bytes = vqmovun_high_s16(vqmovun_s16(words), self::words::<FORM>(sums[OUT - 1], scale, ending));
        let bytes = vaddq_u8(vminq_u8(bytes, vld1q_u8(ending.span.as_ptr())), vld1q_u8(ending.least.as_ptr()));
        let mut rows = [vget_low_u8(bytes); OUT];
        rows[OUT - 1] = vget_high_u8(bytes);
        rows
    }
}

/// Scaled sums of a row, counted from the least output.
///
/// Where negative sums become the least output, that is 0, and what they become does not matter as long as it is
/// negative: `srshl`, which rounds ties up, is exact for all others.
///
/// # Safety
/// The CPU has Advanced SIMD.
#[inline(always)]
unsafe fn words<const FORM: usize>(sums: [int32x4_t; 2], scale: Scale, ending: &Ending) -> int16x8_t {
    // SAFETY: the caller's promise; the arrays have eight values.
    unsafe {
        let mut scaled = sums;
        for (half, lanes) in scaled.iter_mut().enumerate() {
            let mut high = vqrdmulhq_s32(*lanes, scale.mantissa[half]);
            if FORM == ROUNDED {
                let signs = vandq_s32(high, vld1q_s32(ending.ties.as_ptr().add(4 * half)));
                high = vsraq_n_s32::<31>(high, signs);
            }
            *lanes = vrshlq_s32(high, scale.shift[half]);
        }
        if FORM == CLAMPED_SMALL {
            return vuzp1q_s16(vreinterpretq_s16_s32(scaled[0]), vreinterpretq_s16_s32(scaled[1]));
        }
        let words = vqmovn_high_s32(vqmovn_s32(scaled[0]), scaled[1]);
        if FORM == ROUNDED { vqaddq_s16(words, vld1q_s16(ending.lift.as_ptr())) } else { words }
    }
}
