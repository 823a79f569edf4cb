//! [`Lanes16`] of SSE4.1: eight lanes, an `xmm`.

use core::arch::x86_64::*;

use super::sse41::{Quarters, Sse41, quarters};
use crate::arch::Lanes16;
use crate::arch::register::register;

impl Lanes16 for Sse41 {
    type I16 = __m128i;
    const WIDTH16: usize = 8;

    #[inline(always)]
    fn splat16(self, value: i16) -> __m128i {
        register!(_mm_set1_epi16(value))
    }

    #[inline(always)]
    unsafe fn load_bytes16(self, source: *const u8) -> __m128i {
        // SAFETY: the caller vouches for 8 readable bytes; the rest is a register operation of the CPU feature that `self`
        // proves.
        unsafe { _mm_cvtepu8_epi16(_mm_loadl_epi64(source.cast())) }
    }

    #[inline(always)]
    unsafe fn store16(self, target: *mut i16, values: __m128i) {
        // SAFETY: the caller vouches for 16 writable bytes.
        unsafe { _mm_storeu_si128(target.cast(), values) }
    }

    #[inline(always)]
    fn add16(self, a: __m128i, b: __m128i) -> __m128i {
        register!(_mm_add_epi16(a, b))
    }

    #[inline(always)]
    fn sub16(self, a: __m128i, b: __m128i) -> __m128i {
        register!(_mm_sub_epi16(a, b))
    }

    #[inline(always)]
    fn shift_left16<const BITS: u32>(self, a: __m128i) -> __m128i {
        register!(_mm_sll_epi16(a, _mm_cvtsi32_si128(BITS as i32)))
    }

    #[inline(always)]
    fn mul(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(i => register!(_mm_mullo_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: Quarters) -> Quarters {
        quarters!(i => register!(_mm_sra_epi32(a[i], _mm_cvtsi32_si128(BITS as i32))))
    }
}
