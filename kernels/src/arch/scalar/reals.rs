//! Vectors of float32, portably.

use super::Scalar;
use crate::arch::Reals;
use crate::arch::fused::fused;

/// Lanes of a vector.
const WIDTH: usize = 4;

/// Lanes by a function of their index.
#[inline(always)]
fn each<T>(f: impl Fn(usize) -> T) -> [T; WIDTH] {
    core::array::from_fn(f)
}

impl Reals for Scalar {
    type F32 = [f32; WIDTH];
    type Mask32 = [bool; WIDTH];
    const WIDTH32: usize = WIDTH;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Self::F32 {
        [value; WIDTH]
    }

    #[inline(always)]
    unsafe fn load_f32(self, source: *const f32) -> Self::F32 {
        // SAFETY: the caller vouches for four readable values; an unaligned read needs no more.
        unsafe { source.cast::<Self::F32>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store_f32(self, target: *mut f32, values: Self::F32) {
        // SAFETY: the caller vouches for four writable values; an unaligned write needs no more.
        unsafe { target.cast::<Self::F32>().write_unaligned(values) }
    }

    #[inline(always)]
    unsafe fn store_first_f32(self, target: *mut f32, values: Self::F32, count: usize) {
        for (index, value) in values.into_iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` writable values.
            unsafe { target.add(index).write_unaligned(value) }
        }
    }

    #[inline(always)]
    fn add_f32(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub_f32(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul_f32(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn div_f32(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| a[i] / b[i])
    }

    #[inline(always)]
    fn mul_add_f32(self, sum: Self::F32, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| fused(sum[i], a[i], b[i]))
    }

    #[inline(always)]
    fn min_f32(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn max_f32(self, a: Self::F32, b: Self::F32) -> Self::F32 {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn at_most_f32(self, a: Self::F32, b: Self::F32) -> Self::Mask32 {
        each(|i| a[i] <= b[i])
    }

    #[inline(always)]
    fn equal_f32(self, a: Self::F32, b: Self::F32) -> Self::Mask32 {
        each(|i| a[i] == b[i])
    }

    #[inline(always)]
    fn select_f32(self, mask: Self::Mask32, yes: Self::F32, no: Self::F32) -> Self::F32 {
        each(|i| if mask[i] { yes[i] } else { no[i] })
    }
}
