//! [`Reals`] of Advanced SIMD: four lanes, a `q` register.

use core::arch::aarch64::*;

use super::neon::Neon;
use crate::arch::Reals;
use crate::arch::register::register;

impl Reals for Neon {
    type F32 = float32x4_t;
    type Mask32 = uint32x4_t;
    const WIDTH32: usize = 4;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> float32x4_t {
        register!(vdupq_n_f32(value))
    }

    #[inline(always)]
    unsafe fn load_f32(self, source: *const f32) -> float32x4_t {
        // SAFETY: the caller vouches for four readable values.
        unsafe { vld1q_f32(source) }
    }

    #[inline(always)]
    unsafe fn store_f32(self, target: *mut f32, values: float32x4_t) {
        // SAFETY: the caller vouches for four writable values.
        unsafe { vst1q_f32(target, values) }
    }

    #[inline(always)]
    unsafe fn store_first_f32(self, target: *mut f32, values: float32x4_t, count: usize) {
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
    fn add_f32(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vaddq_f32(a, b))
    }

    #[inline(always)]
    fn sub_f32(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vsubq_f32(a, b))
    }

    #[inline(always)]
    fn mul_f32(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vmulq_f32(a, b))
    }

    #[inline(always)]
    fn div_f32(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vdivq_f32(a, b))
    }

    #[inline(always)]
    fn mul_add_f32(self, sum: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vfmaq_f32(sum, a, b))
    }

    // `fmin` and `fmax` give NaN where either is, so these are comparisons.
    #[inline(always)]
    fn min_f32(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vbslq_f32(vcltq_f32(a, b), a, b))
    }

    #[inline(always)]
    fn max_f32(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        register!(vbslq_f32(vcgtq_f32(a, b), a, b))
    }

    #[inline(always)]
    fn at_most_f32(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        register!(vcleq_f32(a, b))
    }

    #[inline(always)]
    fn equal_f32(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        register!(vceqq_f32(a, b))
    }

    #[inline(always)]
    fn select_f32(self, mask: uint32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
        register!(vbslq_f32(mask, yes, no))
    }
}
