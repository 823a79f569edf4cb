//! What tiles of 8-bit products share: activations in halves, and how sums of both become outputs.
//!
//! An activation is `256·high + low`, the high half signed and the low one from 0 to 255. Dot products want signed bytes,
//! so the low half is multiplied as `low - 128`, and its sums begin with 128 times the sum of the weights, which makes
//! them exact. Each half's sums fit 32 bits for fewer than `2^16` products: `127·255` of the low half is the greatest.
//!
//! ```text
//! total = 256·(Σ high·w) + (128·Σ w + Σ (low - 128)·w)
//! ```

use core::arch::aarch64::*;

use super::tile::Tile;
use crate::arch::{Arch, LANES, Neon};
use crate::epilogue::WideEpilogue;

/// Sums of sixteen columns.
pub(super) type Quarters = [int32x4_t; 4];

/// Splits the bytes of eight activations: the low halves less 128 in the first eight bytes, the high halves in the others.
#[inline(always)]
pub(super) fn split(x: int8x16_t) -> int8x16_t {
    const ORDER: [u8; 16] = [0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15];
    // SAFETY: register operations that every aarch64 target of this crate has; the array is as long as a register.
    unsafe {
        let halves = vqtbl1q_s8(x, vld1q_u8(ORDER.as_ptr()));
        veorq_s8(halves, vcombine_s8(vdup_n_s8(-128), vdup_n_s8(0)))
    }
}

/// 128 times the sums of the weights.
///
/// # Safety
/// `tile` has a panel of bytes.
#[inline(always)]
pub(super) unsafe fn first<E>(tile: &Tile<'_, E>) -> Quarters {
    let sums = tile.weights.as_ptr().cast::<i32>();
    // SAFETY: a panel of bytes begins with sixteen such sums.
    unsafe { [vld1q_s32(sums), vld1q_s32(sums.add(4)), vld1q_s32(sums.add(8)), vld1q_s32(sums.add(12))] }
}

/// Sums of low and of high halves of a tile.
pub(super) struct HalfSums<const MR: usize> {
    pub(super) low: [Quarters; MR],
    pub(super) high: [Quarters; MR],
}

impl<const MR: usize> HalfSums<MR> {
    /// Stores the outputs of each row.
    ///
    /// # Safety
    /// As [`super::tile::TileFn`].
    #[inline(always)]
    pub(super) unsafe fn finish<E: WideEpilogue<Neon>>(self, neon: Neon, tile: &Tile<'_, E::Call<'_>>) {
        if tile.budget == usize::MAX {
            // The totals fit, so what is shifted out does not matter.
            let mut sums = [[neon.splat(0); 1]; MR];
            for row in 0..MR {
                sums[row][0] = neon.add(self.low[row], neon.shift_left::<8>(self.high[row]));
            }
            // SAFETY: the caller vouches for the outputs.
            return unsafe { E::finish(neon, &tile.epilogue, sums) };
        }
        let mut totals = [[0_i64; LANES]; MR];
        for row in 0..MR {
            let [mut low, mut high] = [[0_i32; LANES]; 2];
            // SAFETY: the arrays have sixteen values.
            unsafe {
                neon.store(low.as_mut_ptr(), self.low[row]);
                neon.store(high.as_mut_ptr(), self.high[row]);
            }
            for (total, (&low, &high)) in totals[row].iter_mut().zip(low.iter().zip(&high)) {
                *total = (i64::from(high) << 8) + i64::from(low);
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { E::finish_wide(neon, &tile.epilogue, &totals) }
    }
}
