//! [`Reals`] of AVX2 with FMA: eight lanes, a `ymm`.

use core::arch::x86_64::*;

use super::avx2::Ymm;
use super::products::Product;
use crate::arch::register::register;
use crate::arch::{InstructionSet, Reals};

/// Eight lanes from `8 - count` on are the mask of the first `count`.
static FIRST: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl<P: Product> Reals for Ymm<P>
where
    Self: InstructionSet,
{
    type F32 = __m256;
    type Mask32 = __m256;
    const WIDTH32: usize = 8;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> __m256 {
        register!(_mm256_set1_ps(value))
    }

    #[inline(always)]
    unsafe fn load_f32(self, source: *const f32) -> __m256 {
        // SAFETY: the caller vouches for eight readable values.
        unsafe { _mm256_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store_f32(self, target: *mut f32, values: __m256) {
        // SAFETY: the caller vouches for eight writable values.
        unsafe { _mm256_storeu_ps(target, values) }
    }

    #[inline(always)]
    unsafe fn store_first_f32(self, target: *mut f32, values: __m256, count: usize) {
        let first = &FIRST[8 - count..][..8];
        // SAFETY: the mask has eight lanes; the caller vouches for `count` writable values, which it has.
        unsafe { _mm256_maskstore_ps(target, _mm256_loadu_si256(first.as_ptr().cast()), values) }
    }

    #[inline(always)]
    fn add_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn sub_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn div_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add_f32(self, sum: __m256, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_fmadd_ps(a, b, sum))
    }

    #[inline(always)]
    fn min_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_min_ps(a, b))
    }

    #[inline(always)]
    fn max_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_max_ps(a, b))
    }

    #[inline(always)]
    fn at_most_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_cmp_ps::<_CMP_LE_OQ>(a, b))
    }

    #[inline(always)]
    fn equal_f32(self, a: __m256, b: __m256) -> __m256 {
        register!(_mm256_cmp_ps::<_CMP_EQ_OQ>(a, b))
    }

    #[inline(always)]
    fn select_f32(self, mask: __m256, yes: __m256, no: __m256) -> __m256 {
        register!(_mm256_blendv_ps(no, yes, mask))
    }
}
