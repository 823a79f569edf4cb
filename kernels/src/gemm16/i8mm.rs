//! Tiles of matrix products: `smmla`, two rows of eight activations times two columns, of low and high halves.
//!
//! The low halves of eight activations of two rows are one register without more ado, and so are the high ones. 32
//! registers: eight pairs of columns are 16 accumulators, two registers of activations, a constant, the others weights.

use core::arch::aarch64::*;

use core::marker::PhantomData;

use super::epilogue::ToWords;
use super::halves::{self, HalfSums, Quarters};
use super::tile::{self, Tile};
use crate::arch::{I8mm, Kernel, LANES, Neon, i8mm};
use crate::epilogue::WideEpilogue;

/// Channels that are packed together.
pub(super) const GROUP: usize = 8;

/// Pairs of columns: each lane is one of two rows times one of two columns.
type Pairs = [int32x4_t; LANES / 2];

/// Adds the products of eight channels of two rows.
///
/// # Safety
/// The CPU has the matrix products; 128 weights are readable.
#[inline(always)]
unsafe fn add([low, high]: [&mut Pairs; 2], rows: [int16x8_t; 2], weights: *const i8) {
    // SAFETY: the caller's promise.
    unsafe {
        let [a, b] = [vreinterpretq_s8_s16(rows[0]), vreinterpretq_s8_s16(rows[1])];
        let low_halves = veorq_s8(vuzp1q_s8(a, b), vdupq_n_s8(-128));
        let high_halves = vuzp2q_s8(a, b);
        for pair in 0..LANES / 2 {
            let columns = vld1q_s8(weights.add(2 * GROUP * pair));
            low[pair] = i8mm::smmla(low[pair], low_halves, columns);
            high[pair] = i8mm::smmla(high[pair], high_halves, columns);
        }
    }
}

/// One row of pairs of columns, of which row `ROW` is asked for.
#[inline(always)]
fn row<const ROW: usize>(pairs: &Pairs) -> Quarters {
    // SAFETY: register operations that every aarch64 target of this crate has.
    unsafe {
        let mut quarters = [vdupq_n_s32(0); 4];
        for (quarter, pair) in quarters.iter_mut().zip(pairs.chunks_exact(2)) {
            let (a, b) = (vreinterpretq_s64_s32(pair[0]), vreinterpretq_s64_s32(pair[1]));
            *quarter = vreinterpretq_s32_s64(if ROW == 0 { vzip1q_s64(a, b) } else { vzip2q_s64(a, b) });
        }
        quarters
    }
}

/// The tile of one or two rows; a row that is missing is the first again.
pub(super) struct MatrixHalvesTile<const MR: usize, E = ToWords>(PhantomData<E>);

impl<const MR: usize, E: WideEpilogue<Neon>> Kernel<I8mm> for MatrixHalvesTile<MR, E> {
    type Call<'a> = Tile<'a, E::Call<'a>>;

    /// # Safety
    /// As [`tile::TileFn`].
    #[inline(always)]
    unsafe fn run(arch: I8mm, tile: &Tile<'_, E::Call<'_>>) {
        // SAFETY: the panel is one of bytes; register operations.
        let (mut low, mut high) = unsafe {
            let zero = vdupq_n_s32(0);
            let mut low = [zero; LANES / 2];
            for (pairs, quarter) in low.chunks_exact_mut(2).zip(halves::first(tile)) {
                let columns = vreinterpretq_s64_s32(quarter);
                pairs[0] = vreinterpretq_s32_s64(vzip1q_s64(columns, columns));
                pairs[1] = vreinterpretq_s32_s64(vzip2q_s64(columns, columns));
            }
            (low, [zero; LANES / 2])
        };
        let mut weights = tile.weights.as_ptr().cast::<i8>().wrapping_add(4 * LANES);
        for tap_y in 0..tile.window.taps[0] {
            for tap_x in 0..tile.window.taps[1] {
                let sources = tile::sources::<MR, _>(tile, [tap_y, tap_x]);
                let mut k = 0;
                while k < 2 * tile.pairs {
                    // SAFETY: the caller vouches for the weights of all groups, and for whole groups of activations.
                    unsafe {
                        let rows = [vld1q_s16(sources[0].add(k)), vld1q_s16(sources[MR - 1].add(k))];
                        add([&mut low, &mut high], rows, weights);
                    }
                    weights = weights.wrapping_add(GROUP * LANES);
                    k += GROUP;
                }
            }
        }
        let (mut lows, mut highs) = ([row::<0>(&low); MR], [row::<0>(&high); MR]);
        if MR == 2 {
            (lows[MR - 1], highs[MR - 1]) = (row::<1>(&low), row::<1>(&high));
        }
        // SAFETY: the caller's promise.
        unsafe { HalfSums { low: lows, high: highs }.finish::<E>(arch.neon(), tile) }
    }
}
