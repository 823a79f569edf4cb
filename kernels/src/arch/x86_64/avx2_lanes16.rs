//! [`Lanes16`] of AVX2 and AVX-VNNI: sixteen lanes, a `ymm`.

use core::arch::x86_64::*;

use super::avx2::{Pair, Ymm};
use super::halves::both;
use super::products::Product;
use crate::arch::register::register;
use crate::arch::{InstructionSet, LANES, Lanes16};

impl<P: Product> Lanes16 for Ymm<P>
where
    Self: InstructionSet,
{
    type I16 = __m256i;
    const WIDTH16: usize = LANES;

    #[inline(always)]
    fn splat16(self, value: i16) -> __m256i {
        register!(_mm256_set1_epi16(value))
    }

    #[inline(always)]
    unsafe fn load_bytes16(self, source: *const u8) -> __m256i {
        // SAFETY: the caller vouches for 16 readable bytes; the rest is a register operation of the CPU feature that
        // `self` proves.
        unsafe { _mm256_cvtepu8_epi16(_mm_loadu_si128(source.cast())) }
    }

    #[inline(always)]
    unsafe fn store16(self, target: *mut i16, values: __m256i) {
        // SAFETY: the caller vouches for 32 writable bytes.
        unsafe { _mm256_storeu_si256(target.cast(), values) }
    }

    #[inline(always)]
    fn add16(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_add_epi16(a, b))
    }

    #[inline(always)]
    fn sub16(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_sub_epi16(a, b))
    }

    #[inline(always)]
    fn shift_left16<const BITS: u32>(self, a: __m256i) -> __m256i {
        let bits = register!(_mm_cvtsi32_si128(BITS as i32));
        register!(_mm256_sll_epi16(a, bits))
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        both!(i => register!(_mm256_mullo_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: Pair) -> Pair {
        let bits = register!(_mm_cvtsi32_si128(BITS as i32));
        both!(i => register!(_mm256_sra_epi32(a[i], bits)))
    }
}
