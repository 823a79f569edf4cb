//! Element-wise vocabulary, portably.

use super::Scalar;
use crate::arch::{Divide, Elements, FusedAdd, FusedAddScale, LANES, Wide};

impl Elements for Scalar {}

impl Wide for Scalar {
    type Bytes = [u8; LANES];
    type Words = [u16; LANES];
    type Divider = Divide;
    const WIDTH: usize = LANES;

    #[inline(always)]
    unsafe fn load_wide(self, source: *const u8) -> Self::Bytes {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { source.cast::<Self::Bytes>().read() }
    }

    #[inline(always)]
    unsafe fn store_wide(self, target: *mut u8, bytes: Self::Bytes, count: usize) {
        // SAFETY: the caller vouches for `count` writable bytes, at most 16.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), target, count) }
    }

    #[inline(always)]
    fn splat_wide(self, byte: u8) -> Self::Bytes {
        [byte; LANES]
    }

    #[inline(always)]
    fn max_wide(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes {
        core::array::from_fn(|i| a[i].max(b[i]))
    }

    #[inline(always)]
    fn min_wide(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes {
        core::array::from_fn(|i| a[i].min(b[i]))
    }

    #[inline(always)]
    fn no_words(self) -> Self::Words {
        [0; LANES]
    }

    #[inline(always)]
    fn add_bytes(self, sums: Self::Words, bytes: Self::Bytes) -> Self::Words {
        core::array::from_fn(|i| sums[i].wrapping_add(u16::from(bytes[i])))
    }

    #[inline(always)]
    fn add_words(self, a: Self::Words, b: Self::Words) -> Self::Words {
        core::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    fn prepare_divide(self, by: &Divide) -> Divide {
        *by
    }

    #[inline(always)]
    fn divide(self, sums: Self::Words, by: Divide) -> Self::Bytes {
        sums.map(|sum| {
            let lifted = sum.wrapping_add(by.lift);
            let rounded = lifted.wrapping_add(by.round).wrapping_sub(u16::from(lifted < by.ties_down_below));
            let product = u32::from(rounded) * u32::from(by.reciprocal);
            ((product >> 16) >> by.shift) as u8
        })
    }
}

impl FusedAdd for Scalar {
    type Weights = FusedAddScale;

    #[inline(always)]
    fn prepare_fused_add(self, by: &FusedAddScale) -> FusedAddScale {
        *by
    }

    #[inline(always)]
    fn fused_add(self, a: Self::Bytes, b: Self::Bytes, by: FusedAddScale) -> Self::Bytes {
        let sum = |[first, second]: [i16; 2], i: usize| {
            i32::from(first) * i32::from(a[i]) + i32::from(second) * i32::from(b[i])
        };
        core::array::from_fn(|i| {
            let low = (sum(by.low, i) + by.round) >> 16;
            let sum = (sum(by.high, i) + low) >> by.shift;
            (sum.clamp(i16::MIN.into(), i16::MAX.into()) + i32::from(by.offset)).clamp(0, 255) as u8
        })
    }
}
