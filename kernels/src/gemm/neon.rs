//! Tiles for Armv8.0: `smull`, `smlal2` and `sadalp`.
//!
//! A quarter of a panel, four columns, is computed at a time. 32 registers: 4 rows by four columns are 16
//! accumulators of four partial sums, there are sixteen activations of a row and sixteen weights of a column in each
//! of 4 + 4, and products of two rows:
//!
//! ```text
//! for each quarter of the columns
//!     for every sixteen k
//!         for each row
//!             for each column: products = low eight activations · low eight weights
//!             for each column: products += high eight activations · high eight weights       in 16 bits
//!             for each column: sums[row][column] += pairs of products
//! ```
//!
//! Two products leave 16 bits only where all four factors are -128: the packer moves such weights, or asks for the
//! unpaired tiles, which add up each product on its own. Four products in a row do not wait for one another, and the
//! sums of a row are added up behind the first products of the next: that is for cores that issue in order.

use core::arch::aarch64::*;

use core::marker::PhantomData;

use super::epilogue::ToBytes;
use super::tile::Tile;
use crate::arch::{Arch, Kernel, LANES, Neon, ordered};
use crate::epilogue::Epilogue;
use crate::memory::Line;

/// Columns that are computed at a time.
const COLUMNS: usize = 4;
/// Such quarters of a panel.
const QUARTERS: usize = LANES / COLUMNS;
/// Bytes of sixteen columns by sixteen k.
const BLOCK: usize = 4 * size_of::<Line>();

/// Partial sums of each row and column.
type Sums<const MR: usize> = [[int32x4_t; COLUMNS]; MR];

/// The tile of `MR` rows by one panel. Where pair sums do not fit 16 bits, it adds up each product on its own.
pub(crate) struct NeonTile<const MR: usize, const PAIR_SUMS_FIT: bool, E = ToBytes>(PhantomData<E>);

impl<const MR: usize, const PAIR_SUMS_FIT: bool, E: Epilogue<Neon>> Kernel<Neon> for NeonTile<MR, PAIR_SUMS_FIT, E> {
    type Call<'a> = Tile<'a, E::Call<'a>>;

    /// # Safety
    /// As [`TileFn`](super::tile::TileFn); two products stay within 16 bits if `PAIR_SUMS_FIT`.
    #[inline(always)]
    unsafe fn run(arch: Neon, tile: &Tile<'_, E::Call<'_>>) {
        assert!(tile.rows.len() == MR && tile.bias.len() == 1);
        // SAFETY: a panel's bias has sixteen values.
        let bias = unsafe { arch.load(tile.bias[0].as_ptr()) };
        let mut lanes = [[bias]; MR];
        for quarter in 0..QUARTERS {
            // SAFETY: the caller's promise.
            let sums = unsafe { sums_of_quarter::<MR, PAIR_SUMS_FIT, _>(tile, quarter) };
            for (lanes, [a, b, c, d]) in lanes.iter_mut().zip(sums) {
                let lanes = &mut lanes[0][quarter];
                // SAFETY: register operations of a CPU feature that the caller vouches for.
                *lanes = unsafe { vaddq_s32(*lanes, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d))) };
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { E::finish(arch, &tile.epilogue, lanes) }
    }
}

/// # Safety
/// As [`NeonTile`]'s run.
#[inline(always)]
unsafe fn sums_of_quarter<const MR: usize, const PAIR_SUMS_FIT: bool, E>(
    tile: &Tile<'_, E>,
    quarter: usize,
) -> Sums<MR> {
    // SAFETY: zeros are sums.
    let mut sums = [[unsafe { vdupq_n_s32(0) }; COLUMNS]; MR];
    for segment in tile.segments {
        let lines = &tile.weights[segment.line as usize..][..segment.steps()];
        let weights: *const i8 = lines.as_ptr().cast();
        let mut rows = [core::ptr::null::<i8>(); MR];
        for (row, &start) in rows.iter_mut().zip(tile.rows) {
            *row = start.wrapping_add(segment.offset as usize).cast();
        }
        let blocks = lines.len() / 4;
        let columns = core::array::from_fn(|column| weights.wrapping_add(16 * (COLUMNS * quarter + column)));
        for block in 0..blocks {
            // SAFETY: the lines are within the segment, and the caller vouches for the activations.
            unsafe { sixteen::<MR, PAIR_SUMS_FIT>(&mut sums, rows, 16 * block, columns, BLOCK * block) }
        }
        if lines.len() % 4 != 0 {
            let columns =
                core::array::from_fn(|column| weights.wrapping_add(BLOCK * blocks + 8 * (COLUMNS * quarter + column)));
            // SAFETY: as above; two lines are left, and eight activations.
            unsafe { eight(&mut sums, rows.map(|row| row.wrapping_add(16 * blocks)), columns) }
        }
    }
    sums
}

/// Sixteen k: activations at `rows + at`, weights at `columns + of`.
///
/// # Safety
/// Sixteen bytes are readable at each; two products stay within 16 bits if `PAIR_SUMS_FIT`.
#[inline(always)]
unsafe fn sixteen<const MR: usize, const PAIR_SUMS_FIT: bool>(
    sums: &mut Sums<MR>,
    rows: [*const i8; MR],
    at: usize,
    columns: [*const i8; COLUMNS],
    of: usize,
) {
    // SAFETY: the caller vouches for the bytes.
    unsafe {
        let mut weights = [vdupq_n_s8(0); COLUMNS];
        let mut activations = [vdupq_n_s8(0); MR];
        activations[0] = ordered::load(rows[0], at);
        for column in 0..COLUMNS {
            weights[column] = ordered::load(columns[column], of);
        }
        // Of the row before, what is still to be added.
        let mut before = [vdupq_n_s16(0); COLUMNS];
        for row in 0..MR {
            let mut products = [vdupq_n_s16(0); COLUMNS];
            for column in 0..COLUMNS {
                products[column] = ordered::smull(activations[row], weights[column]);
            }
            if row + 1 < MR {
                activations[row + 1] = ordered::load(rows[row + 1], at);
            }
            for column in 0..COLUMNS {
                if row > 0 {
                    sums[row - 1][column] = ordered::sadalp(sums[row - 1][column], before[column]);
                }
            }
            for column in 0..COLUMNS {
                if PAIR_SUMS_FIT {
                    products[column] = ordered::smlal_high(products[column], activations[row], weights[column]);
                } else {
                    sums[row][column] = ordered::sadalp(sums[row][column], products[column]);
                    products[column] = ordered::smull_high(activations[row], weights[column]);
                }
            }
            before = products;
        }
        for column in 0..COLUMNS {
            sums[MR - 1][column] = ordered::sadalp(sums[MR - 1][column], before[column]);
        }
    }
}

/// Eight k.
///
/// # Safety
/// Eight bytes are readable at each row and column.
#[inline(always)]
unsafe fn eight<const MR: usize>(sums: &mut Sums<MR>, rows: [*const i8; MR], columns: [*const i8; COLUMNS]) {
    // SAFETY: the caller vouches for the bytes.
    unsafe {
        let mut weights = [vdupq_n_s8(0); COLUMNS];
        for column in 0..COLUMNS {
            weights[column] = ordered::load_eight(columns[column], 0);
        }
        for row in 0..MR {
            let activations = ordered::load_eight(rows[row], 0);
            let mut products = [vdupq_n_s16(0); COLUMNS];
            for column in 0..COLUMNS {
                products[column] = ordered::smull(activations, weights[column]);
            }
            for column in 0..COLUMNS {
                sums[row][column] = ordered::sadalp(sums[row][column], products[column]);
            }
        }
    }
}
