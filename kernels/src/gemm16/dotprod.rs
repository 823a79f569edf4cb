//! Tiles of dot products: `sdot` by element, of low and high halves of activations.
//!
//! A product of 16 with 8 bits is two of 8 bits, and an instruction does sixteen of those: twice as much as `smlal`.
//!
//! 32 registers: 3 rows by four registers of sums of each half are 24 accumulators, a register of eight activations for
//! each row in halves, two constants to split them, two of weights, and one for what is being split:
//!
//! ```text
//! for every eight channels of a tap
//!     for each of two fours, for each quarter of the columns
//!         for each row: sums of both halves += weights · activations
//!         load the weights of the quarter after next
//!     behind each row's last product, load its next eight activations, and split them
//! ```
//!
//! Products and loads take turns as in [`crate::gemm`]'s tiles, for cores that issue in order.

use core::arch::aarch64::*;

use core::marker::PhantomData;

use super::epilogue::ToWords;
use super::halves::{self, HalfSums, Quarters};
use super::tile::{self, Tile};
use crate::arch::{DotProd, Kernel, LANES, Neon, dotprod, ordered};
use crate::epilogue::WideEpilogue;

/// Channels that are packed together.
pub(super) const GROUP: usize = 4;
/// Bytes of their weights.
const LINE: usize = GROUP * LANES;

/// What stays in registers over the whole of K.
struct Registers<const MR: usize> {
    low: [Quarters; MR],
    high: [Quarters; MR],
    x: [int8x16_t; MR],
    weights: [int8x16_t; 2],
}

/// Where weights and activations come from.
struct Operands<const MR: usize> {
    /// Of each row, the tap's first activation.
    rows: [*const i8; MR],
    /// Of each quarter of the columns, the panel's first weight.
    quarters: [*const i8; 4],
}

/// Adds the products of four channels: element `LOW` of a row's activations holds the low halves, `HIGH` the high ones.
/// `MORE` weights follow those of this line, and with `NEXT`, activations at byte `at` of the rows do.
///
/// # Safety
/// The CPU has the dot products, and there are such weights and activations.
#[inline(always)]
unsafe fn line<const MR: usize, const LOW: u8, const HIGH: u8, const MORE: bool, const NEXT: bool>(
    registers: &mut Registers<MR>,
    operands: &Operands<MR>,
    line: usize,
    at: usize,
) {
    let Registers { low, high, x, weights } = registers;
    for quarter in 0..4 {
        let columns = weights[quarter % 2];
        for row in 0..MR {
            // SAFETY: the caller's promise.
            unsafe {
                low[row][quarter] = dotprod::sdot_lane::<LOW>(low[row][quarter], columns, x[row]);
                high[row][quarter] = dotprod::sdot_lane::<HIGH>(high[row][quarter], columns, x[row]);
                if NEXT && quarter == 3 {
                    x[row] = ordered::load(operands.rows[row], at);
                }
            }
        }
        // SAFETY: as above.
        unsafe {
            if quarter < 2 {
                weights[quarter % 2] = ordered::load(operands.quarters[quarter + 2], line);
            } else if MORE {
                weights[quarter % 2] = ordered::load(operands.quarters[quarter - 2], line + LINE);
            }
        }
    }
    if NEXT {
        for x in x {
            *x = halves::split(*x);
        }
    }
}

/// Loads the first weights of a tap's line.
///
/// # Safety
/// The line is within the panel.
#[inline(always)]
unsafe fn begin<const MR: usize>(registers: &mut Registers<MR>, operands: &Operands<MR>, line: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        registers.weights = [ordered::load(operands.quarters[0], line), ordered::load(operands.quarters[1], line)];
    }
}

/// Adds a tap's products; returns where the next one's weights are.
///
/// # Safety
/// The CPU has the dot products. The rows are readable for `groups` of activations, and the panel has their weights.
#[inline(always)]
unsafe fn tap<const MR: usize>(
    registers: &mut Registers<MR>,
    operands: &Operands<MR>,
    groups: usize,
    mut at: usize,
) -> usize {
    let bytes = size_of::<i16>() * GROUP;
    // SAFETY: the caller's promise.
    unsafe {
        if groups >= 2 {
            begin(registers, operands, at);
            for row in 0..MR {
                registers.x[row] = halves::split(ordered::load(operands.rows[row], 0));
            }
            let mut next = 2 * bytes;
            for _ in 1..groups / 2 {
                line::<MR, 0, 2, true, false>(registers, operands, at, next);
                line::<MR, 1, 3, true, true>(registers, operands, at + LINE, next);
                at += 2 * LINE;
                next += 2 * bytes;
            }
            line::<MR, 0, 2, true, false>(registers, operands, at, next);
            line::<MR, 1, 3, false, false>(registers, operands, at + LINE, next);
            at += 2 * LINE;
        }
        if groups % 2 == 1 {
            begin(registers, operands, at);
            for row in 0..MR {
                registers.x[row] = halves::split(ordered::load_eight(operands.rows[row], (groups - 1) * bytes));
            }
            line::<MR, 0, 2, false, false>(registers, operands, at, 0);
            at += LINE;
        }
    }
    at
}

/// The tile of `MR` rows.
pub(super) struct DotHalvesTile<const MR: usize, E = ToWords>(PhantomData<E>);

impl<const MR: usize, E: WideEpilogue<Neon>> Kernel<DotProd> for DotHalvesTile<MR, E> {
    type Call<'a> = Tile<'a, E::Call<'a>>;

    /// # Safety
    /// As [`tile::TileFn`].
    #[inline(always)]
    unsafe fn run(arch: DotProd, tile: &Tile<'_, E::Call<'_>>) {
        // SAFETY: the panel is one of bytes; register operations.
        let mut registers = unsafe {
            let none = vdupq_n_s8(0);
            let (low, high) = ([halves::first(tile); MR], [[vdupq_n_s32(0); 4]; MR]);
            Registers { low, high, x: [none; MR], weights: [none; 2] }
        };
        let weights = tile.weights.as_ptr().cast::<i8>().wrapping_add(4 * LANES);
        let mut operands =
            Operands { rows: [weights; MR], quarters: core::array::from_fn(|part| weights.wrapping_add(LANES * part)) };
        let groups = tile.pairs.div_ceil(2);
        let mut at = 0;
        for tap_y in 0..tile.window.taps[0] {
            for tap_x in 0..tile.window.taps[1] {
                operands.rows = tile::sources::<MR, _>(tile, [tap_y, tap_x]).map(|source| source.cast());
                // SAFETY: the caller vouches for the weights of all groups, and for whole groups of activations.
                at = unsafe { tap(&mut registers, &operands, groups, at) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { HalfSums { low: registers.low, high: registers.high }.finish::<E>(arch.neon(), tile) }
    }
}
