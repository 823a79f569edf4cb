//! Dot products, portably.

use super::Scalar;
use super::vector::each;
use crate::arch::{Dot, FloatScale, INTERLEAVED, Interleave, LANES};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

impl Dot for Scalar {
    type Sums = [i32; LANES];
    type Weights = [[i8; 4]; LANES];
    type Quad = [u8; 4];

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        [0; LANES]
    }

    #[inline(always)]
    fn begin(self, values: Self::I32) -> Self::Sums {
        values
    }

    #[inline(always)]
    unsafe fn load_weights(self, source: *const i8) -> Self::Weights {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { source.cast::<Self::Weights>().read() }
    }

    #[inline(always)]
    unsafe fn load_quad(self, source: *const u8) -> Self::Quad {
        // SAFETY: the caller vouches for 4 readable bytes.
        unsafe { source.cast::<Self::Quad>().read() }
    }

    #[inline(always)]
    fn dot(self, sums: Self::Sums, quad: Self::Quad, weights: Self::Weights) -> Self::Sums {
        // Widened to 16 bits and added in pairs: what baseline vector units multiply at once.
        let quad = quad.map(i16::from);
        let pair = |column: usize, k: usize| {
            let product = |k: usize| i32::from(quad[k]) * i32::from(i16::from(weights[column][k]));
            product(k) + product(k + 1)
        };
        each(|column| sums[column].wrapping_add(pair(column, 0) + pair(column, 2)))
    }

    #[inline(always)]
    fn lanes(self, sums: Self::Sums) -> Self::I32 {
        sums
    }
}

impl Interleave for Scalar {
    type Taps = [[u8; 4]; LANES];

    #[inline(always)]
    fn channel(part: usize, lane: usize) -> usize {
        LANES * part + lane
    }

    #[inline(always)]
    unsafe fn load_taps(self, taps: [*const u8; 4]) -> [Self::Taps; 4] {
        let mut parts = [[[0; 4]; LANES]; 4];
        for (tap, source) in taps.into_iter().enumerate() {
            // SAFETY: the caller vouches for 64 readable bytes.
            let bytes = unsafe { source.cast::<[u8; INTERLEAVED]>().read() };
            for (channel, byte) in bytes.into_iter().enumerate() {
                parts[channel / LANES][channel % LANES][tap] = byte;
            }
        }
        parts
    }

    #[inline(always)]
    fn dot_taps(self, sums: Self::Sums, taps: Self::Taps, weights: Self::Weights) -> Self::Sums {
        each(|lane| {
            let products = taps[lane].iter().zip(weights[lane]).map(|(&x, w)| i32::from(x) * i32::from(w));
            sums[lane].wrapping_add(products.sum())
        })
    }

    #[inline(always)]
    fn sums(self, lanes: Self::I32) -> Self::Sums {
        lanes
    }

    #[inline(always)]
    unsafe fn store_scaled(self, target: *mut u8, parts: [Self::I32; 4], by: &FloatScale, count: usize) {
        for (index, value) in parts.into_iter().flatten().take(count).enumerate() {
            let (part, lane) = (index / LANES, index % LANES);
            let scaled = by.scale[part][lane].mul_add(value as f32, by.offset[part][lane]);
            let byte = (scaled as i32).max(i32::from(by.min[index])).min(i32::from(by.max[index]));
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { target.add(index).write(byte as u8) }
        }
    }

    #[inline(always)]
    unsafe fn store_parts(self, target: *mut u8, parts: [Self::I32; 4], count: usize) {
        for (index, value) in parts.into_iter().flatten().take(count).enumerate() {
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { target.add(index).write(value as u8) }
        }
    }
}
