//! 16-bit products, portably.

use super::Scalar;
use crate::arch::{LANES, Pairs16, WideMultipliers};

impl Pairs16 for Scalar {
    const SIDE_BY_SIDE: bool = true;
    const TAP_STEP: usize = LANES;
    type Weights16 = [[i16; 2]; LANES];
    type Words = [i16; LANES];
    type Tap = [i16; LANES];

    #[inline(always)]
    unsafe fn load_weights16(self, source: *const i16) -> Self::Weights16 {
        // SAFETY: the caller vouches for 32 readable values.
        unsafe { source.cast::<Self::Weights16>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn add_pairs16(self, sums: Self::I32, x: *const i16, weights: Self::Weights16) -> Self::I32 {
        // SAFETY: the caller vouches for two readable values.
        let [a, b] = unsafe { x.cast::<[i16; 2]>().read_unaligned() };
        let mut sums = sums;
        for (sum, [v, w]) in sums.iter_mut().zip(weights) {
            let pair = (i32::from(a) * i32::from(v)).wrapping_add(i32::from(b) * i32::from(w));
            *sum = sum.wrapping_add(pair);
        }
        sums
    }

    #[inline(always)]
    unsafe fn load_words(self, source: *const i16) -> Self::Words {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { source.cast::<[i16; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_tap(self, source: *const i16) -> Self::Tap {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { source.cast::<[i16; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    fn add_words(self, sums: Self::I32, words: Self::Words, weights: Self::Tap) -> Self::I32 {
        let mut sums = sums;
        for ((sum, word), weight) in sums.iter_mut().zip(words).zip(weights) {
            *sum = sum.wrapping_add(i32::from(word) * i32::from(weight));
        }
        sums
    }

    #[inline(always)]
    unsafe fn store_words(self, target: *mut i16, values: Self::I32, count: usize) {
        for (index, value) in values.into_iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` values.
            unsafe { target.add(index).write(value as i16) }
        }
    }

    #[inline(always)]
    fn rescale_wide(self, sums: &[i64; LANES], by: &WideMultipliers) -> Self::I32 {
        let mut values = [0; LANES];
        for lane in 0..LANES {
            let product = sums[lane].wrapping_mul(i64::from(by.factor[lane]));
            values[lane] = (product.wrapping_add(by.offset[lane]) >> by.shift[lane]) as i32;
        }
        values
    }

    #[inline(always)]
    fn rescale_narrow(self, sums: Self::I32, by: &WideMultipliers) -> Self::I32 {
        self.rescale_wide(&sums.map(i64::from), by)
    }
}
