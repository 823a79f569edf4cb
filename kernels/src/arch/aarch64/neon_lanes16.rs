//! [`Lanes16`] with Advanced SIMD: eight lanes, a `q` register.

use core::arch::aarch64::*;

use super::neon::{Neon, Quarters};
use crate::arch::Lanes16;
use crate::arch::register::register;

impl Lanes16 for Neon {
    type I16 = int16x8_t;
    const WIDTH16: usize = 8;

    #[inline(always)]
    fn splat16(self, value: i16) -> int16x8_t {
        register!(vdupq_n_s16(value))
    }

    #[inline(always)]
    unsafe fn load_bytes16(self, source: *const u8) -> int16x8_t {
        // SAFETY: the caller vouches for 8 readable bytes; the rest is a register operation of the CPU feature that `self`
        // proves.
        unsafe { vmovl_s8(vld1_s8(source.cast())) }
    }

    #[inline(always)]
    unsafe fn store16(self, target: *mut i16, values: int16x8_t) {
        // SAFETY: the caller vouches for 16 writable bytes.
        unsafe { vst1q_s16(target, values) }
    }

    #[inline(always)]
    fn add16(self, a: int16x8_t, b: int16x8_t) -> int16x8_t {
        register!(vaddq_s16(a, b))
    }

    #[inline(always)]
    fn sub16(self, a: int16x8_t, b: int16x8_t) -> int16x8_t {
        register!(vsubq_s16(a, b))
    }

    #[inline(always)]
    fn shift_left16<const BITS: u32>(self, a: int16x8_t) -> int16x8_t {
        register!(vshlq_s16(a, vdupq_n_s16(BITS as i16)))
    }

    #[inline(always)]
    fn mul(self, a: Quarters, b: Quarters) -> Quarters {
        register!([vmulq_s32(a[0], b[0]), vmulq_s32(a[1], b[1]), vmulq_s32(a[2], b[2]), vmulq_s32(a[3], b[3])])
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: Quarters) -> Quarters {
        register!({
            let bits = vdupq_n_s32(-(BITS as i32));
            [vshlq_s32(a[0], bits), vshlq_s32(a[1], bits), vshlq_s32(a[2], bits), vshlq_s32(a[3], bits)]
        })
    }
}
