//! Whole registers on Advanced SIMD: maxima, sums, averages, weighed sums and products of signed bytes.

use core::arch::aarch64::*;

use super::neon::{Neon, Quarters, store_first};
use crate::arch::{Divide, Elements, FusedAdd, FusedAddScale, Wide};

/// A register intrinsic; in methods of [`Neon`] that proves the CPU feature, elsewhere the caller vouches for it.
macro_rules! register {
    ($call:expr) => {
        // SAFETY: a register operation whose only condition is the CPU feature.
        unsafe { $call }
    };
}

/// A division with its numbers in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Divider {
    lift: uint16x8_t,
    ties_down_below: uint16x8_t,
    round: uint16x8_t,
    reciprocal: uint16x8_t,
    /// Negated, as `ushl` takes it.
    shift: int16x8_t,
    /// Whether sums times `signed` are enough, those below 0 made one less first where that is `away`.
    nearest: bool,
    signed: int16x8_t,
    away: bool,
}

impl Wide for Neon {
    type Bytes = int8x16_t;
    type Words = [int16x8_t; 2];
    type Divider = Divider;
    const WIDTH: usize = 16;

    #[inline(always)]
    unsafe fn load_wide(self, source: *const u8) -> int8x16_t {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { vld1q_s8(source.cast()) }
    }

    #[inline(always)]
    unsafe fn store_wide(self, target: *mut u8, bytes: int8x16_t, count: usize) {
        // SAFETY: the caller vouches for `count` writable bytes.
        unsafe { store_first(target, bytes, count) }
    }

    #[inline(always)]
    fn splat_wide(self, byte: u8) -> int8x16_t {
        register!(vdupq_n_s8(byte as i8))
    }

    #[inline(always)]
    fn max_wide(self, a: int8x16_t, b: int8x16_t) -> int8x16_t {
        register!(vmaxq_s8(a, b))
    }

    #[inline(always)]
    fn min_wide(self, a: int8x16_t, b: int8x16_t) -> int8x16_t {
        register!(vminq_s8(a, b))
    }

    #[inline(always)]
    fn no_words(self) -> Self::Words {
        register!([vdupq_n_s16(0); 2])
    }

    #[inline(always)]
    fn add_bytes(self, sums: Self::Words, bytes: int8x16_t) -> Self::Words {
        register!([vaddw_s8(sums[0], vget_low_s8(bytes)), vaddw_high_s8(sums[1], bytes)])
    }

    #[inline(always)]
    fn add_words(self, a: Self::Words, b: Self::Words) -> Self::Words {
        register!([vaddq_s16(a[0], b[0]), vaddq_s16(a[1], b[1])])
    }

    #[inline(always)]
    fn prepare_divide(self, by: &Divide) -> Divider {
        register!(Divider {
            lift: vdupq_n_u16(by.lift),
            ties_down_below: vdupq_n_u16(by.ties_down_below),
            round: vdupq_n_u16(by.round),
            reciprocal: vdupq_n_u16(by.reciprocal),
            shift: vdupq_n_s16(-(by.shift as i16)),
            nearest: by.signed != 0,
            signed: vdupq_n_s16(by.signed),
            away: by.away,
        })
    }

    #[inline(always)]
    fn divide(self, sums: Self::Words, by: Divider) -> int8x16_t {
        register!({
            if by.nearest {
                let [mut low, mut high] = sums;
                if by.away {
                    (low, high) = (vsraq_n_s16::<15>(low, low), vsraq_n_s16::<15>(high, high));
                }
                return vmovn_high_s16(vmovn_s16(vqrdmulhq_s16(low, by.signed)), vqrdmulhq_s16(high, by.signed));
            }
            let bytes = vmovn_high_u16(vmovn_u16(by.quotients(sums[0])), by.quotients(sums[1]));
            vreinterpretq_s8_u8(veorq_u8(bytes, vdupq_n_u8(0x80)))
        })
    }
}

impl Divider {
    /// Averages of unsigned bytes.
    ///
    /// # Safety
    /// The CPU has Advanced SIMD.
    #[inline(always)]
    unsafe fn quotients(self, sums: int16x8_t) -> uint16x8_t {
        register!({
            let lifted = vaddq_u16(vreinterpretq_u16_s16(sums), self.lift);
            // A comparison that holds is -1.
            let below = vcltq_u16(lifted, self.ties_down_below);
            let rounded = vaddq_u16(vaddq_u16(lifted, self.round), below);
            let low = vmull_u16(vget_low_u16(rounded), vget_low_u16(self.reciprocal));
            let high = vmull_high_u16(rounded, self.reciprocal);
            vshlq_u16(vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high)), self.shift)
        })
    }
}

/// The numbers of a weighed sum in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Weights {
    high: [int16x8_t; 2],
    low: [int16x8_t; 2],
    round: int32x4_t,
    /// Negated, as `sshl` takes it.
    shift: int32x4_t,
    offset: int16x8_t,
}

impl Weights {
    /// Weighed sums of eight pairs, with the offset.
    ///
    /// # Safety
    /// The CPU has Advanced SIMD.
    #[inline(always)]
    unsafe fn sums(self, a: int16x8_t, b: int16x8_t) -> int16x8_t {
        register!({
            let (low_a, low_b) = (vget_low_s16(a), vget_low_s16(b));
            let [first, second] = self.low;
            let low = vmlal_s16(vmlal_s16(self.round, low_a, vget_low_s16(first)), low_b, vget_low_s16(second));
            let high = vmlal_high_s16(vmlal_high_s16(self.round, a, first), b, second);
            let (low, high) = (vshrq_n_s32::<16>(low), vshrq_n_s32::<16>(high));
            let [first, second] = self.high;
            let low = vmlal_s16(vmlal_s16(low, low_a, vget_low_s16(first)), low_b, vget_low_s16(second));
            let high = vmlal_high_s16(vmlal_high_s16(high, a, first), b, second);
            let words = vqmovn_high_s32(vqmovn_s32(vshlq_s32(low, self.shift)), vshlq_s32(high, self.shift));
            vqaddq_s16(words, self.offset)
        })
    }
}

impl FusedAdd for Neon {
    type Weights = Weights;

    #[inline(always)]
    fn prepare_fused_add(self, by: &FusedAddScale) -> Weights {
        let [low, high] = [by.low, by.high];
        register!(Weights {
            high: [vdupq_n_s16(high[0]), vdupq_n_s16(high[1])],
            low: [vdupq_n_s16(low[0]), vdupq_n_s16(low[1])],
            round: vdupq_n_s32(by.round),
            shift: vdupq_n_s32(-by.shift.cast_signed()),
            offset: vdupq_n_s16(by.offset),
        })
    }

    #[inline(always)]
    fn fused_add(self, a: int8x16_t, b: int8x16_t, by: Weights) -> int8x16_t {
        register!({
            let low = by.sums(vmovl_s8(vget_low_s8(a)), vmovl_s8(vget_low_s8(b)));
            let high = by.sums(vmovl_high_s8(a), vmovl_high_s8(b));
            vqmovn_high_s16(vqmovn_s16(low), high)
        })
    }
}

/// Most bytes that a 16-bit sum holds.
const MOST_BYTES: usize = 256;

impl Elements for Neon {
    #[inline(always)]
    unsafe fn load_products(self, sources: [*const u8; 2], zeros: [Quarters; 2]) -> Quarters {
        // SAFETY: the caller vouches for sixteen bytes.
        let (a, b) = unsafe { (self.load_wide(sources[0]), self.load_wide(sources[1])) };
        register!({
            let less = [vnegq_s16(narrow(zeros[0])), vnegq_s16(narrow(zeros[1]))];
            let (a_low, a_high) = (vaddw_s8(less[0], vget_low_s8(a)), vaddw_high_s8(less[0], a));
            let (b_low, b_high) = (vaddw_s8(less[1], vget_low_s8(b)), vaddw_high_s8(less[1], b));
            [
                vmull_s16(vget_low_s16(a_low), vget_low_s16(b_low)),
                vmull_high_s16(a_low, b_low),
                vmull_s16(vget_low_s16(a_high), vget_low_s16(b_high)),
                vmull_high_s16(a_high, b_high),
            ]
        })
    }

    #[inline(always)]
    unsafe fn add_pixels(self, sum: Quarters, source: *const u8, stride: usize, pixels: usize) -> Quarters {
        let (mut sum, mut source, mut left) = (sum, source, pixels);
        while left > 0 {
            let now = left.min(MOST_BYTES);
            let (mut words, mut others) = (self.no_words(), self.no_words());
            for _ in 0..now / 2 {
                // SAFETY: the caller vouches for sixteen bytes at every pixel.
                let (one, other) = unsafe { (self.load_wide(source), self.load_wide(source.wrapping_add(stride))) };
                (words, others) = (self.add_bytes(words, one), self.add_bytes(others, other));
                source = source.wrapping_add(2 * stride);
            }
            if now % 2 == 1 {
                // SAFETY: as above, for the last one.
                words = self.add_bytes(words, unsafe { self.load_wide(source) });
                source = source.wrapping_add(stride);
            }
            let [low, high] = self.add_words(words, others);
            sum = register!([
                vaddw_s16(sum[0], vget_low_s16(low)),
                vaddw_high_s16(sum[1], low),
                vaddw_s16(sum[2], vget_low_s16(high)),
                vaddw_high_s16(sum[3], high),
            ]);
            left -= now;
        }
        sum
    }
}

/// Eight lanes of numbers that fit 16 bits.
///
/// # Safety
/// The CPU has Advanced SIMD.
#[inline(always)]
unsafe fn narrow(lanes: Quarters) -> int16x8_t {
    register!(vuzp1q_s16(vreinterpretq_s16_s32(lanes[0]), vreinterpretq_s16_s32(lanes[1])))
}
