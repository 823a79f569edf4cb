//! AVX2 and AVX-VNNI: dot products, and products of pairs in 16-bit lanes.

use core::arch::x86_64::*;

use super::avx2::{Avx2, Pair, Ymm};
use super::halves::both;
use super::products::Product;
use crate::arch::register::register;
use crate::arch::{Dot, InstructionSet, PairDot};

impl<P: Product> Dot for Ymm<P>
where
    Self: InstructionSet,
{
    type Sums = Pair;
    type Weights = Pair;
    type Quad = __m256i;

    #[inline(always)]
    fn zero(self) -> Pair {
        [register!(_mm256_setzero_si256()); 2]
    }

    #[inline(always)]
    fn begin(self, values: Pair) -> Pair {
        values
    }

    #[inline(always)]
    unsafe fn load_weights(self, source: *const i8) -> Pair {
        // SAFETY: the caller vouches for 64 readable bytes.
        both!(i => unsafe { _mm256_loadu_si256(source.add(32 * i).cast()) })
    }

    #[inline(always)]
    unsafe fn load_quad(self, source: *const u8) -> __m256i {
        // SAFETY: the caller vouches for 4 readable bytes; the read is unaligned.
        let quad = unsafe { source.cast::<i32>().read_unaligned() };
        register!(_mm256_set1_epi32(quad))
    }

    #[inline(always)]
    fn dot(self, sums: Pair, quad: __m256i, weights: Pair) -> Pair {
        // SAFETY: `self` proves what the product needs.
        both!(i => unsafe { P::dot(sums[i], quad, weights[i]) })
    }

    #[inline(always)]
    fn lanes(self, sums: Pair) -> Pair {
        sums
    }
}

impl PairDot for Avx2 {
    type Half = __m256i;
    type HalfWeights = __m256i;
    type Pairs = __m256i;
    type Widening = __m256i;

    #[inline(always)]
    fn prepare_widen(self) -> __m256i {
        // A constant that the compiler knows would be made anew wherever it is used.
        register!(_mm256_set1_epi16(core::hint::black_box(1)))
    }

    #[inline(always)]
    fn half(self, lanes: Pair, half: usize) -> __m256i {
        lanes[half]
    }

    #[inline(always)]
    fn zero_half_weights(self) -> __m256i {
        register!(_mm256_setzero_si256())
    }

    #[inline(always)]
    fn load_half(self, weights: &[i8; 32]) -> __m256i {
        // SAFETY: the array has the 32 bytes.
        unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) }
    }

    #[inline(always)]
    fn pairs(self, quad: __m256i, weights: __m256i) -> __m256i {
        register!(_mm256_maddubs_epi16(quad, weights))
    }

    #[inline(always)]
    fn add_pairs(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_add_epi16(a, b))
    }

    #[inline(always)]
    fn widen(self, sums: __m256i, pairs: __m256i, ones: __m256i) -> __m256i {
        register!(_mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones)))
    }

    #[inline(always)]
    fn whole(self, halves: Pair) -> Pair {
        halves
    }
}
