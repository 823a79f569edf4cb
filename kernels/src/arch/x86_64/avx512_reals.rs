//! [`Reals`] of AVX-512: sixteen lanes, a `zmm`.

use core::arch::x86_64::*;

use super::avx512::Avx512Vnni;
use crate::arch::Reals;
use crate::arch::register::register;

impl Reals for Avx512Vnni {
    type F32 = __m512;
    type Mask32 = __mmask16;
    const WIDTH32: usize = 16;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> __m512 {
        register!(_mm512_set1_ps(value))
    }

    #[inline(always)]
    unsafe fn load_f32(self, source: *const f32) -> __m512 {
        // SAFETY: the caller vouches for sixteen readable values.
        unsafe { _mm512_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store_f32(self, target: *mut f32, values: __m512) {
        // SAFETY: the caller vouches for sixteen writable values.
        unsafe { _mm512_storeu_ps(target, values) }
    }

    #[inline(always)]
    unsafe fn store_first_f32(self, target: *mut f32, values: __m512, count: usize) {
        let mask = ((1u32 << count) - 1) as __mmask16;
        // SAFETY: the caller vouches for `count` writable values, which the mask has.
        unsafe { _mm512_mask_storeu_ps(target, mask, values) }
    }

    #[inline(always)]
    fn add_f32(self, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub_f32(self, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul_f32(self, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn div_f32(self, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add_f32(self, sum: __m512, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_fmadd_ps(a, b, sum))
    }

    #[inline(always)]
    fn min_f32(self, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_min_ps(a, b))
    }

    #[inline(always)]
    fn max_f32(self, a: __m512, b: __m512) -> __m512 {
        register!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn at_most_f32(self, a: __m512, b: __m512) -> __mmask16 {
        register!(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b))
    }

    #[inline(always)]
    fn equal_f32(self, a: __m512, b: __m512) -> __mmask16 {
        register!(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b))
    }

    #[inline(always)]
    fn select_f32(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
        register!(_mm512_mask_blend_ps(mask, no, yes))
    }
}
