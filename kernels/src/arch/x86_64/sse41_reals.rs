//! [`Reals`] of SSE4.1: four lanes, an `xmm`. There is no fused product: two halves of float64 make one, and where rounding
//! twice could go wrong, lanes are computed one by one ([`crate::arch::fused`]).

use core::arch::x86_64::*;

use super::sse41::Sse41;
use crate::arch::Reals;
use crate::arch::fused::{BEYOND, HALFWAY, carefully};
use crate::arch::register::register;

/// Two sums of float64, and whether each may be a wrong one to round again, in the sign.
#[inline(always)]
fn half(sum: __m128, a: __m128, b: __m128) -> (__m128d, __m128d) {
    register!({
        let product = _mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b));
        let total = _mm_add_pd(product, _mm_cvtps_pd(sum));
        let beyond = _mm_and_si128(_mm_castpd_si128(total), _mm_set1_epi64x(BEYOND as i64));
        let halfway = _mm_castsi128_pd(_mm_cmpeq_epi64(beyond, _mm_set1_epi64x(HALFWAY as i64)));
        let magnitude = _mm_andnot_pd(_mm_set1_pd(-0.0), total);
        let below = _mm_cmplt_pd(magnitude, _mm_set1_pd(f32::MIN_POSITIVE as f64));
        let small = _mm_and_pd(below, _mm_cmpneq_pd(total, _mm_setzero_pd()));
        (total, _mm_or_pd(halfway, small))
    })
}

impl Reals for Sse41 {
    type F32 = __m128;
    type Mask32 = __m128;
    const WIDTH32: usize = 4;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> __m128 {
        register!(_mm_set1_ps(value))
    }

    #[inline(always)]
    unsafe fn load_f32(self, source: *const f32) -> __m128 {
        // SAFETY: the caller vouches for four readable values.
        unsafe { _mm_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store_f32(self, target: *mut f32, values: __m128) {
        // SAFETY: the caller vouches for four writable values.
        unsafe { _mm_storeu_ps(target, values) }
    }

    #[inline(always)]
    unsafe fn store_first_f32(self, target: *mut f32, values: __m128, count: usize) {
        let mut lanes = [0.0; 4];
        // SAFETY: the array has four values, of which the caller vouches for `count` at the target.
        unsafe {
            if count == 4 {
                return self.store_f32(target, values);
            }
            self.store_f32(lanes.as_mut_ptr(), values);
            for (index, value) in lanes.into_iter().enumerate().take(count) {
                target.add(index).write_unaligned(value);
            }
        }
    }

    #[inline(always)]
    fn add_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_add_ps(a, b))
    }

    #[inline(always)]
    fn sub_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_mul_ps(a, b))
    }

    #[inline(always)]
    fn div_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_div_ps(a, b))
    }

    #[inline(always)]
    fn mul_add_f32(self, sum: __m128, a: __m128, b: __m128) -> __m128 {
        let (low, doubt) = half(sum, a, b);
        let upper = |lanes| register!(_mm_movehl_ps(lanes, lanes));
        let (high, more_doubt) = half(upper(sum), upper(a), upper(b));
        if register!(_mm_movemask_pd(_mm_or_pd(doubt, more_doubt))) == 0 {
            return register!(_mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high)));
        }
        one_by_one(self, sum, a, b)
    }

    #[inline(always)]
    fn min_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_min_ps(a, b))
    }

    #[inline(always)]
    fn max_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_max_ps(a, b))
    }

    #[inline(always)]
    fn at_most_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_cmple_ps(a, b))
    }

    #[inline(always)]
    fn equal_f32(self, a: __m128, b: __m128) -> __m128 {
        register!(_mm_cmpeq_ps(a, b))
    }

    #[inline(always)]
    fn select_f32(self, mask: __m128, yes: __m128, no: __m128) -> __m128 {
        register!(_mm_blendv_ps(no, yes, mask))
    }
}

/// [`Reals::mul_add_f32`] lane by lane.
#[cold]
#[inline(never)]
fn one_by_one(arch: Sse41, sum: __m128, a: __m128, b: __m128) -> __m128 {
    let lanes = |values| {
        let mut lanes = [0.0; 4];
        // SAFETY: the array has four values.
        unsafe { arch.store_f32(lanes.as_mut_ptr(), values) }
        lanes
    };
    let (sum, a, b) = (lanes(sum), lanes(a), lanes(b));
    let fused: [f32; 4] = core::array::from_fn(|i| carefully(sum[i], a[i], b[i]));
    // SAFETY: the array has four values.
    unsafe { arch.load_f32(fused.as_ptr()) }
}
