//! Products of sixteen activations with a weight each, added to 32-bit lanes by Advanced SIMD.

use core::arch::aarch64::*;

use super::Neon;
use super::neon::Quarters;

/// A register intrinsic, safe because `self` proves the CPU feature.
macro_rules! register {
    ($call:expr) => {
        // SAFETY: a register operation whose only condition is the CPU feature that `self` proves.
        unsafe { $call }
    };
}

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
