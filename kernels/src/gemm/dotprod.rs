//! Tiles of dot products for Armv8.2: `sdot` by lane.
//!
//! 32 registers: 6 rows by four `q` of columns are 24 accumulators, there are sixteen activations of each row, which
//! feed four lines, and two registers of weights:
//!
//! ```text
//! for every sixteen k
//!     load sixteen activations of each row
//!     for each of four lines, for each quarter of the columns
//!         for each row: sums[row][quarter] += weights · activations[row][line]
//!         load the weights of the quarter after next
//! for each line that is left: as above, with four activations of each row
//! ```
//!
//! The turn of products and loads is what cores that issue in order want: a register is loaded as soon as its last
//! product is under way, several products before its next. Loads with an index in a register are as long under way as
//! the products, so that such a core can end both in order without waiting.

use core::arch::aarch64::*;

use core::marker::PhantomData;

use super::epilogue::ToBytes;
use super::tile::Tile;
use crate::arch::dotprod::sdot_lane;
use crate::arch::{Arch, DotProd, Kernel, LANES, Neon, ordered};
use crate::epilogue::Epilogue;
use crate::memory::Line;

/// Registers of a row's sums.
const QUARTERS: usize = LANES / 4;
/// Bytes of a line.
const LINE: usize = size_of::<Line>();

/// What stays in registers over the whole of K.
struct Registers<const MR: usize> {
    sums: [[[int32x4_t; QUARTERS]; 1]; MR],
    activations: [int8x16_t; MR],
    weights: [int8x16_t; 2],
}

/// Where weights and activations come from: what all quarters' addresses have in common is counted on.
struct Operands<const MR: usize> {
    /// Of each row, the first activation of the segment.
    rows: [*const i8; MR],
    /// Of each quarter, the first weight of the segment.
    quarters: [*const i8; QUARTERS],
    /// Bytes of weights loaded before the current line of the first quarter.
    line: usize,
}

/// The tile of `MR` rows by one panel.
pub(crate) struct DotTile<const MR: usize, E = ToBytes>(PhantomData<E>);

impl<const MR: usize, E: Epilogue<Neon>> Kernel<DotProd> for DotTile<MR, E> {
    type Call<'a> = Tile<'a, E::Call<'a>>;

    /// # Safety
    /// As [`TileFn`](super::tile::TileFn).
    #[inline(always)]
    unsafe fn run(arch: DotProd, tile: &Tile<'_, E::Call<'_>>) {
        assert!(tile.rows.len() == MR && tile.bias.len() == 1);
        // SAFETY: a panel's bias has sixteen values.
        let bias = unsafe { arch.neon().load(tile.bias[0].as_ptr()) };
        // SAFETY: zeros are bytes.
        let nothing = unsafe { vdupq_n_s8(0) };
        let mut registers = Registers { sums: [[bias]; MR], activations: [nothing; MR], weights: [nothing; 2] };
        for segment in tile.segments {
            let lines = &tile.weights[segment.line as usize..][..segment.steps()];
            let weights: *const i8 = lines.as_ptr().cast();
            let mut rows = [core::ptr::null(); MR];
            for (row, &start) in rows.iter_mut().zip(tile.rows) {
                *row = start.wrapping_add(segment.offset as usize).cast();
            }
            let quarters = core::array::from_fn(|quarter| weights.wrapping_add(16 * quarter));
            let mut operands = Operands { rows, quarters, line: 0 };
            let sixteens = segment.bytes as usize / 16;
            if sixteens > 0 {
                // SAFETY: the segment has so many activations in every row, and four lines for sixteen of them.
                unsafe {
                    begin(&mut registers, &operands);
                    for next in 1..sixteens {
                        sixteen::<MR, true>(&mut registers, &mut operands, 16 * next);
                    }
                    sixteen::<MR, false>(&mut registers, &mut operands, 0);
                }
            }
            for line in 4 * sixteens..lines.len() {
                // SAFETY: the line is within the segment; the caller vouches for its activations rounded up to four.
                unsafe { one_line(&mut registers, &operands, line) }
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { E::finish(arch.neon(), &tile.epilogue, registers.sums) }
    }
}

/// Loads the first sixteen activations of each row and the weights of two quarters.
///
/// # Safety
/// As for [`sixteen`].
#[inline(always)]
unsafe fn begin<const MR: usize>(registers: &mut Registers<MR>, operands: &Operands<MR>) {
    // SAFETY: the caller vouches for the weights and the activations.
    unsafe {
        for row in 0..MR {
            registers.activations[row] = ordered::load(operands.rows[row], 0);
        }
        for quarter in 0..2 {
            registers.weights[quarter] = ordered::load(operands.quarters[quarter], operands.line);
        }
    }
}

/// Sixteen k: four lines, of which two quarters are loaded. If there are `MORE`, it loads each row's next sixteen activations,
/// from `next` on, behind its last product with these, and the next two quarters of weights.
///
/// # Safety
/// The rows have sixteen activations, or more if there are to be; and there are the lines.
#[inline(always)]
unsafe fn sixteen<const MR: usize, const MORE: bool>(
    registers: &mut Registers<MR>,
    operands: &mut Operands<MR>,
    next: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        line::<MR, 0, true>(registers, operands);
        line::<MR, 1, true>(registers, operands);
        line::<MR, 2, true>(registers, operands);
        quarter::<MR, 3, 0, true>(registers, operands);
        quarter::<MR, 3, 1, true>(registers, operands);
        operands.line += LINE;
        quarter::<MR, 3, 2, MORE>(registers, operands);
        for row in 0..MR {
            product::<MR, 3, 3>(registers, row);
            if MORE {
                registers.activations[row] = ordered::load(operands.rows[row], next);
            }
        }
        if MORE {
            registers.weights[1] = ordered::load(operands.quarters[1], operands.line);
        }
    }
}

/// The four quarters of a line.
///
/// # Safety
/// As [`quarter`].
#[inline(always)]
unsafe fn line<const MR: usize, const LANE: u8, const MORE: bool>(
    registers: &mut Registers<MR>,
    operands: &mut Operands<MR>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        quarter::<MR, LANE, 0, MORE>(registers, operands);
        quarter::<MR, LANE, 1, MORE>(registers, operands);
        operands.line += LINE;
        quarter::<MR, LANE, 2, MORE>(registers, operands);
        quarter::<MR, LANE, 3, MORE>(registers, operands);
    }
}

/// A quarter of a line times all rows; loads the quarter after next if there are `MORE`.
///
/// # Safety
/// The CPU has the dot products, and that quarter is there.
#[inline(always)]
unsafe fn quarter<const MR: usize, const LANE: u8, const QUARTER: usize, const MORE: bool>(
    registers: &mut Registers<MR>,
    operands: &Operands<MR>,
) {
    for row in 0..MR {
        // SAFETY: the caller vouches for the CPU.
        unsafe { product::<MR, LANE, QUARTER>(registers, row) }
    }
    if MORE {
        // SAFETY: the caller vouches for the weights.
        registers.weights[QUARTER % 2] =
            unsafe { ordered::load(operands.quarters[(QUARTER + 2) % QUARTERS], operands.line) };
    }
}

/// # Safety
/// The CPU has the dot products.
#[inline(always)]
unsafe fn product<const MR: usize, const LANE: u8, const QUARTER: usize>(registers: &mut Registers<MR>, row: usize) {
    let sums = &mut registers.sums[row][0][QUARTER];
    // SAFETY: the caller vouches for the CPU.
    *sums = unsafe { sdot_lane::<LANE>(*sums, registers.weights[QUARTER % 2], registers.activations[row]) };
}

/// Four k.
///
/// # Safety
/// The CPU has the dot products; line `line` of the segment is there, and four activations of each row.
#[inline(always)]
unsafe fn one_line<const MR: usize>(registers: &mut Registers<MR>, operands: &Operands<MR>, line: usize) {
    // SAFETY: the caller vouches for the activations and the weights.
    unsafe {
        for row in 0..MR {
            registers.activations[row] = ordered::load_four(operands.rows[row], 4 * line);
        }
        for quarter in 0..QUARTERS {
            let weights = ordered::load(operands.quarters[quarter], LINE * line);
            for row in 0..MR {
                let sums = &mut registers.sums[row][0][quarter];
                *sums = sdot_lane::<0>(*sums, weights, registers.activations[row]);
            }
        }
    }
}
