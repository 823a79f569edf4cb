//! Vectors of 16-bit lanes, portably.

use super::Scalar;
use super::vector::each;
use crate::arch::{LANES, Lanes16};

/// Lanes by a function of their index.
#[inline(always)]
fn each16(f: impl Fn(usize) -> i16) -> [i16; LANES] {
    let mut lanes = [0; LANES];
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = f(i);
    }
    lanes
}

impl Lanes16 for Scalar {
    type I16 = [i16; LANES];
    const WIDTH16: usize = LANES;

    #[inline(always)]
    fn splat16(self, value: i16) -> Self::I16 {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load_bytes16(self, source: *const u8) -> Self::I16 {
        // SAFETY: the caller vouches for 16 readable bytes.
        let bytes = unsafe { source.cast::<[u8; LANES]>().read() };
        each16(|i| i16::from(bytes[i]))
    }

    #[inline(always)]
    unsafe fn store16(self, target: *mut i16, values: Self::I16) {
        // SAFETY: the caller vouches for 16 writable values; an unaligned write needs no more.
        unsafe { target.cast::<Self::I16>().write_unaligned(values) }
    }

    #[inline(always)]
    fn add16(self, a: Self::I16, b: Self::I16) -> Self::I16 {
        each16(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    fn sub16(self, a: Self::I16, b: Self::I16) -> Self::I16 {
        each16(|i| a[i].wrapping_sub(b[i]))
    }

    #[inline(always)]
    fn shift_left16<const BITS: u32>(self, a: Self::I16) -> Self::I16 {
        each16(|i| a[i] << BITS)
    }

    #[inline(always)]
    fn mul(self, a: Self::I32, b: Self::I32) -> Self::I32 {
        each(|i| a[i].wrapping_mul(b[i]))
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: Self::I32) -> Self::I32 {
        each(|i| a[i] >> BITS)
    }
}
