//! Products of activations with a weight each, added to 32-bit lanes by Advanced SIMD.
//!
//! Instructions that multiply upper halves of registers (`smull2`, `smlal2`) are `asm!` functions here: of the
//! intrinsics for them the compiler makes halves of weights first, which it keeps beside the whole ones, and halves of
//! activations.

use core::arch::aarch64::*;
use core::arch::asm;

use super::neon::{Neon, Quarters};
use crate::arch::register::register;

impl Neon {
    /// The byte in lane `i` is that of lane `order[i]`.
    #[inline(always)]
    pub(crate) fn in_order(self, bytes: int8x16_t, order: &[u8; 16]) -> int8x16_t {
        // SAFETY: `order` has 16 bytes; the CPU has the feature.
        unsafe { vqtbl1q_s8(bytes, vld1q_u8(order.as_ptr())) }
    }

    /// `sums + bytes · weights`, for weights of 16 bits.
    #[inline(always)]
    pub(crate) fn add_products(self, sums: Quarters, bytes: int8x16_t, weights: [int16x8_t; 2]) -> Quarters {
        register!({
            let low = vmovl_s8(vget_low_s8(bytes));
            let high = vmovl_high_s8(bytes);
            [
                vmlal_s16(sums[0], vget_low_s16(low), vget_low_s16(weights[0])),
                vmlal_high_s16(sums[1], low, weights[0]),
                vmlal_s16(sums[2], vget_low_s16(high), vget_low_s16(weights[1])),
                vmlal_high_s16(sums[3], high, weights[1]),
            ]
        })
    }

    /// `sums + bytes · weights`, for weights of eight bits.
    #[inline(always)]
    pub(crate) fn add_byte_products(self, sums: Quarters, bytes: int8x16_t, weights: int8x16_t) -> Quarters {
        register!({
            let low = vmull_s8(vget_low_s8(bytes), vget_low_s8(weights));
            let high = vmull_high_s8(bytes, weights);
            self.add_words_to(sums, [low, high])
        })
    }

    /// `sums + bytes[0] · weights[0] + bytes[1] · weights[1]`, where no weight is -128: two products of a byte with a
    /// weight of at most 127 in magnitude have less than 16 bits.
    #[inline(always)]
    pub(crate) fn add_two_products(self, sums: Quarters, bytes: [int8x16_t; 2], weights: [int8x16_t; 2]) -> Quarters {
        register!({
            let low = vmull_s8(vget_low_s8(bytes[0]), vget_low_s8(weights[0]));
            let low = vmlal_s8(low, vget_low_s8(bytes[1]), vget_low_s8(weights[1]));
            let high = vmull_high_s8(bytes[0], weights[0]);
            let high = vmlal_high_s8(high, bytes[1], weights[1]);
            self.add_words_to(sums, [low, high])
        })
    }

    /// Adds up four products in each lane of eight channels: pairs of neighbouring bytes of two registers, with weights
    /// none of which is -128.
    #[inline(always)]
    pub(crate) fn add_pairs(
        self,
        sums: [int32x4_t; 2],
        bytes: [int8x16_t; 2],
        weights: [int8x16_t; 2],
    ) -> [int32x4_t; 2] {
        register!({
            let low = vmull_s8(vget_low_s8(bytes[0]), vget_low_s8(weights[0]));
            let low = vmlal_s8(low, vget_low_s8(bytes[1]), vget_low_s8(weights[1]));
            let high = self.multiply_upper(bytes[0], weights[0]);
            let high = self.add_upper(high, bytes[1], weights[1]);
            [vpadalq_s16(sums[0], low), vpadalq_s16(sums[1], high)]
        })
    }

    /// The same bytes, of which the compiler knows no origin: it would otherwise compute halves of them for themselves.
    #[inline(always)]
    pub(crate) fn whole(self, bytes: int8x16_t) -> int8x16_t {
        let mut bytes = bytes;
        // SAFETY: no instruction at all.
        unsafe { asm!("/* {0:v} */", inlateout(vreg) bytes, options(pure, nomem, nostack, preserves_flags)) };
        bytes
    }

    /// As [`Neon::whole`], for words.
    #[inline(always)]
    pub(crate) fn whole_words(self, words: int16x8_t) -> int16x8_t {
        let mut words = words;
        // SAFETY: no instruction at all.
        unsafe { asm!("/* {0:v} */", inlateout(vreg) words, options(pure, nomem, nostack, preserves_flags)) };
        words
    }

    /// `sums + words · weights` for eight channels.
    #[inline(always)]
    pub(crate) fn add_word_products(
        self,
        sums: [int32x4_t; 2],
        words: int16x8_t,
        weights: int16x8_t,
    ) -> [int32x4_t; 2] {
        let low = register!(vmlal_s16(sums[0], vget_low_s16(words), vget_low_s16(weights)));
        [low, self.add_upper_words(sums[1], words, weights)]
    }

    /// The same sums, to which the compiler adds what comes rather than adding them to it last: products that widen
    /// add to a register for nothing.
    #[inline(always)]
    pub(crate) fn begun(self, sums: [int32x4_t; 2]) -> [int32x4_t; 2] {
        let [mut low, mut high] = sums;
        // SAFETY: no instruction at all.
        unsafe {
            asm!(
                "/* {0:v} {1:v} */",
                inlateout(vreg) low,
                inlateout(vreg) high,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [low, high]
    }

    /// Sixteen bytes of 0.
    #[inline(always)]
    pub(crate) fn zero_bytes(self) -> int8x16_t {
        register!(vdupq_n_s8(0))
    }

    /// Eight words of 0.
    #[inline(always)]
    pub(crate) fn zero_words(self) -> int16x8_t {
        register!(vdupq_n_s16(0))
    }

    /// Products of the upper halves.
    #[inline(always)]
    fn multiply_upper(self, a: int8x16_t, b: int8x16_t) -> int16x8_t {
        let words: int16x8_t;
        // SAFETY: a register operation; `self` proves Advanced SIMD.
        unsafe {
            asm!(
                "smull2 {words:v}.8h, {a:v}.16b, {b:v}.16b",
                words = lateout(vreg) words,
                a = in(vreg) a,
                b = in(vreg) b,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        words
    }

    /// Adds the products of the upper halves.
    #[inline(always)]
    fn add_upper(self, mut sums: int16x8_t, a: int8x16_t, b: int8x16_t) -> int16x8_t {
        // SAFETY: as above.
        unsafe {
            asm!(
                "smlal2 {sums:v}.8h, {a:v}.16b, {b:v}.16b",
                sums = inlateout(vreg) sums,
                a = in(vreg) a,
                b = in(vreg) b,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }

    /// As [`Neon::add_upper`], for words.
    #[inline(always)]
    fn add_upper_words(self, mut sums: int32x4_t, a: int16x8_t, b: int16x8_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe {
            asm!(
                "smlal2 {sums:v}.4s, {a:v}.8h, {b:v}.8h",
                sums = inlateout(vreg) sums,
                a = in(vreg) a,
                b = in(vreg) b,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }

    #[inline(always)]
    fn add_words_to(self, sums: Quarters, words: [int16x8_t; 2]) -> Quarters {
        register!([
            vaddw_s16(sums[0], vget_low_s16(words[0])),
            vaddw_high_s16(sums[1], words[0]),
            vaddw_s16(sums[2], vget_low_s16(words[1])),
            vaddw_high_s16(sums[3], words[1]),
        ])
    }
}
