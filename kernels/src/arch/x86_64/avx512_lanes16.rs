//! [`Lanes16`] of AVX-512: 32 lanes, of a `ymm` of bytes.

use core::arch::x86_64::*;

use super::avx512::Avx512Vnni;
use crate::arch::Lanes16;
use crate::arch::register::register;

impl Lanes16 for Avx512Vnni {
    type I16 = __m512i;
    const WIDTH16: usize = 32;

    #[inline(always)]
    fn splat16(self, value: i16) -> __m512i {
        register!(_mm512_set1_epi16(value))
    }

    #[inline(always)]
    unsafe fn load_bytes16(self, source: *const u8) -> __m512i {
        // SAFETY: the caller vouches for 32 readable bytes; the rest is a register operation of the CPU features that
        // `self` proves.
        unsafe { _mm512_cvtepu8_epi16(_mm256_loadu_si256(source.cast())) }
    }

    #[inline(always)]
    unsafe fn store16(self, target: *mut i16, values: __m512i) {
        // SAFETY: the caller vouches for 64 writable bytes.
        unsafe { _mm512_storeu_si512(target.cast(), values) }
    }

    #[inline(always)]
    fn add16(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_add_epi16(a, b))
    }

    #[inline(always)]
    fn sub16(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_sub_epi16(a, b))
    }

    #[inline(always)]
    fn shift_left16<const BITS: u32>(self, a: __m512i) -> __m512i {
        register!(_mm512_slli_epi16::<BITS>(a))
    }

    #[inline(always)]
    fn mul(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_mullo_epi32(a, b))
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: __m512i) -> __m512i {
        register!(_mm512_srai_epi32::<BITS>(a))
    }
}
