//! [`Pairs16`] with Advanced SIMD: `smlal` by element, four products an instruction.
//!
//! Weights of one k are two registers of sixteen columns; eight activations of a row are one register, of which each
//! element multiplies both. No product wraps: `smlal` has 32-bit sums.

use core::arch::aarch64::*;

use super::neon::{Neon, Quarters};
use crate::arch::{LANES, Pairs16, WideMultipliers};

/// A register intrinsic, safe because a [`Neon`] proves the CPU feature.
macro_rules! register {
    ($call:expr) => {
        // SAFETY: a register operation whose only condition is the CPU feature that the caller's `Neon` proves.
        unsafe { $call }
    };
}

/// Activations of a row that one register holds.
const GROUP: usize = 8;

/// Sixteen values.
type Words = [int16x8_t; 2];

/// `sums + weights * x[LANE]`.
#[inline(always)]
fn by_element<const LANE: i32>(sums: Quarters, weights: Words, x: int16x8_t) -> Quarters {
    register!([
        vmlal_laneq_s16::<LANE>(sums[0], vget_low_s16(weights[0]), x),
        vmlal_high_laneq_s16::<LANE>(sums[1], weights[0], x),
        vmlal_laneq_s16::<LANE>(sums[2], vget_low_s16(weights[1]), x),
        vmlal_high_laneq_s16::<LANE>(sums[3], weights[1], x),
    ])
}

/// # Safety
/// `source` is valid for reads of 16 values.
#[inline(always)]
unsafe fn load16(source: *const i16) -> Words {
    // SAFETY: the caller's promise.
    unsafe { [vld1q_s16(source), vld1q_s16(source.add(GROUP))] }
}

/// Two values, the others are 0.
///
/// # Safety
/// `x` is valid for reads of 2 values; any alignment.
#[inline(always)]
unsafe fn load_pair(x: *const i16) -> int16x8_t {
    // SAFETY: the caller's promise.
    let pair = unsafe { x.cast::<i32>().read_unaligned() };
    register!(vreinterpretq_s16_s32(vsetq_lane_s32::<0>(pair, vdupq_n_s32(0))))
}

impl Pairs16 for Neon {
    const SIDE_BY_SIDE: bool = false;
    const TAP_STEP: usize = LANES;
    type Weights16 = [Words; 2];
    type Words = Words;
    type Tap = Words;

    #[inline(always)]
    unsafe fn load_weights16(self, source: *const i16) -> [Words; 2] {
        // SAFETY: the caller vouches for 32 readable values.
        unsafe { [load16(source), load16(source.add(LANES))] }
    }

    #[inline(always)]
    unsafe fn add_pairs16(self, sums: Quarters, x: *const i16, weights: [Words; 2]) -> Quarters {
        // SAFETY: the caller vouches for two readable values.
        let x = unsafe { load_pair(x) };
        by_element::<1>(by_element::<0>(sums, weights[0], x), weights[1], x)
    }

    /// Four pairs at a time, then one by one.
    #[inline(always)]
    unsafe fn add_depth<const MR: usize>(
        self,
        sums: &mut [Quarters; MR],
        rows: &[*const i16; MR],
        weights: *const i16,
        pairs: usize,
    ) {
        let zero = register!(vdupq_n_s16(0));
        let (mut k, mut weights) = (0, weights);
        /// The products of element `$lane` of each row.
        macro_rules! step {
            ($x:ident, $lane:literal) => {
                // SAFETY: the caller vouches for the weights of all k.
                let columns = unsafe { load16(weights.add($lane * LANES)) };
                for row in 0..MR {
                    sums[row] = by_element::<$lane>(sums[row], columns, $x[row]);
                }
            };
        }
        while k + GROUP <= 2 * pairs {
            let mut x = [zero; MR];
            for row in 0..MR {
                // SAFETY: eight more values of the row, for which the caller vouches.
                x[row] = unsafe { vld1q_s16(rows[row].add(k)) };
            }
            step!(x, 0);
            step!(x, 1);
            step!(x, 2);
            step!(x, 3);
            step!(x, 4);
            step!(x, 5);
            step!(x, 6);
            step!(x, 7);
            k += GROUP;
            weights = weights.wrapping_add(GROUP * LANES);
        }
        while k < 2 * pairs {
            let mut x = [zero; MR];
            for row in 0..MR {
                // SAFETY: two more values of the row, for which the caller vouches.
                x[row] = unsafe { load_pair(rows[row].add(k)) };
            }
            step!(x, 0);
            step!(x, 1);
            k += 2;
            weights = weights.wrapping_add(2 * LANES);
        }
    }

    /// Two k at a time: what both products take off fits 32 bits, as `-2^31` does and `2^31` does not.
    #[inline(always)]
    unsafe fn add_long(self, totals: &mut [i64; LANES], row: *const i16, weights: *const i16, depth: usize) {
        let mut sums = [register!(vdupq_n_s64(0)); LANES / 2];
        for pair in 0..depth.div_ceil(2) {
            // SAFETY: the caller vouches for the pair's values and weights.
            let (x, columns) = unsafe {
                let weights = weights.add(2 * LANES * pair);
                (load_pair(row.add(2 * pair)), [load16(weights), load16(weights.add(LANES))])
            };
            for half in 0..2 {
                let (first, second) = (columns[0][half], columns[1][half]);
                register!({
                    let low = vmlsl_laneq_s16::<0>(vdupq_n_s32(0), vget_low_s16(first), x);
                    let low = vmlsl_laneq_s16::<1>(low, vget_low_s16(second), x);
                    let high = vmlsl_high_laneq_s16::<0>(vdupq_n_s32(0), first, x);
                    let high = vmlsl_high_laneq_s16::<1>(high, second, x);
                    sums[4 * half] = vsubw_s32(sums[4 * half], vget_low_s32(low));
                    sums[4 * half + 1] = vsubw_high_s32(sums[4 * half + 1], low);
                    sums[4 * half + 2] = vsubw_s32(sums[4 * half + 2], vget_low_s32(high));
                    sums[4 * half + 3] = vsubw_high_s32(sums[4 * half + 3], high);
                });
            }
        }
        for (total, sums) in totals.chunks_exact_mut(2).zip(sums) {
            // SAFETY: two totals.
            unsafe { vst1q_s64(total.as_mut_ptr(), vaddq_s64(vld1q_s64(total.as_ptr()), sums)) }
        }
    }

    #[inline(always)]
    unsafe fn load_words(self, source: *const i16) -> Words {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { load16(source) }
    }

    #[inline(always)]
    unsafe fn load_tap(self, source: *const i16) -> Words {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { load16(source) }
    }

    #[inline(always)]
    fn add_words(self, sums: Quarters, words: Words, weights: Words) -> Quarters {
        register!([
            vmlal_s16(sums[0], vget_low_s16(words[0]), vget_low_s16(weights[0])),
            vmlal_high_s16(sums[1], words[0], weights[0]),
            vmlal_s16(sums[2], vget_low_s16(words[1]), vget_low_s16(weights[1])),
            vmlal_high_s16(sums[3], words[1], weights[1]),
        ])
    }

    #[inline(always)]
    unsafe fn store_words(self, target: *mut i16, values: Quarters, count: usize) {
        let words = register!([
            vmovn_high_s32(vmovn_s32(values[0]), values[1]),
            vmovn_high_s32(vmovn_s32(values[2]), values[3]),
        ]);
        // SAFETY: the caller vouches for `count` values, of which sixteen are both registers.
        unsafe {
            if count == LANES {
                vst1q_s16(target, words[0]);
                vst1q_s16(target.add(GROUP), words[1]);
                return;
            }
            let mut whole = [0_i16; LANES];
            vst1q_s16(whole.as_mut_ptr(), words[0]);
            vst1q_s16(whole.as_mut_ptr().add(GROUP), words[1]);
            core::ptr::copy_nonoverlapping(whole.as_ptr(), target, count);
        }
    }

    #[inline(always)]
    fn rescale_wide(self, sums: &[i64; LANES], by: &WideMultipliers) -> Quarters {
        // SAFETY: each quarter of the arrays has four values.
        unsafe { [quarter(sums, by, 0), quarter(sums, by, 4), quarter(sums, by, 8), quarter(sums, by, 12)] }
    }

    #[inline(always)]
    fn rescale_narrow(self, sums: Quarters, by: &WideMultipliers) -> Quarters {
        // SAFETY: as above.
        unsafe {
            [
                narrow_quarter(sums[0], by, 0),
                narrow_quarter(sums[1], by, 4),
                narrow_quarter(sums[2], by, 8),
                narrow_quarter(sums[3], by, 12),
            ]
        }
    }
}

/// Four sums from lane `at` on. There is no product of 64 bits: factors have 16, so that of the low halves is one of 64
/// bits, and of that of the high halves 32 bits count.
///
/// # Safety
/// `at` is at most 12.
#[inline(always)]
unsafe fn quarter(sums: &[i64; LANES], by: &WideMultipliers, at: usize) -> int32x4_t {
    // SAFETY: the arrays have four values from lane `at` on.
    unsafe {
        let [a, b] = load4(sums, at);
        let (a, b) = (vreinterpretq_u32_s64(a), vreinterpretq_u32_s64(b));
        let (lower, upper) = (vuzp1q_u32(a, b), vuzp2q_u32(a, b));
        let factor = vreinterpretq_u32_s32(vld1q_s32(by.factor.as_ptr().add(at)));
        let (zero, upper) = (vdupq_n_u32(0), vmulq_u32(upper, factor));
        let (a, b) = (vzip1q_u32(zero, upper), vzip2q_u32(zero, upper));
        let a = vmlal_u32(vreinterpretq_u64_u32(a), vget_low_u32(lower), vget_low_u32(factor));
        let b = vmlal_high_u32(vreinterpretq_u64_u32(b), lower, factor);
        let offset = load4(&by.offset, at);
        let a = vaddq_s64(vreinterpretq_s64_u64(a), offset[0]);
        let b = vaddq_s64(vreinterpretq_s64_u64(b), offset[1]);
        shifted([a, b], by, at)
    }
}

/// Four sums that fit 32 bits.
///
/// # Safety
/// As [`quarter`].
#[inline(always)]
unsafe fn narrow_quarter(sums: int32x4_t, by: &WideMultipliers, at: usize) -> int32x4_t {
    // SAFETY: the caller's promise.
    unsafe {
        let offset = load4(&by.offset, at);
        let factor = vld1q_s32(by.factor.as_ptr().add(at));
        let a = vmlal_s32(offset[0], vget_low_s32(sums), vget_low_s32(factor));
        let b = vmlal_high_s32(offset[1], sums, factor);
        shifted([a, b], by, at)
    }
}

/// Four products shifted to the right, and their low halves.
///
/// # Safety
/// As [`quarter`].
#[inline(always)]
unsafe fn shifted(products: [int64x2_t; 2], by: &WideMultipliers, at: usize) -> int32x4_t {
    // SAFETY: the caller's promise.
    unsafe {
        let shift = load4(&by.shift, at);
        let a = vshlq_s64(products[0], vnegq_s64(shift[0]));
        let b = vshlq_s64(products[1], vnegq_s64(shift[1]));
        vmovn_high_s64(vmovn_s64(a), b)
    }
}

/// # Safety
/// `at` is at most 12.
#[inline(always)]
unsafe fn load4(list: &[i64; LANES], at: usize) -> [int64x2_t; 2] {
    // SAFETY: the array has four values from lane `at` on.
    unsafe { [vld1q_s64(list.as_ptr().add(at)), vld1q_s64(list.as_ptr().add(at + 2))] }
}
