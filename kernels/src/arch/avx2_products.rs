//! AVX2 and AVX-VNNI: products of quads, and of pairs in 16-bit lanes.

use core::arch::x86_64::*;

use super::avx2::Pair;
use super::{Avx2, PairDot};

/// A register intrinsic, safe because `self` proves the CPU feature.
macro_rules! register {
    ($call:expr) => {
        // SAFETY: a register operation whose only condition is the CPU feature that `self` proves.
        unsafe { $call }
    };
}

/// How a register of quads is multiplied with one of weights.
pub(crate) trait Product: Copy {
    /// `sums[column] += Σ quad[i] * weights[column][i]` of eight columns.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn dot(sums: __m256i, quad: __m256i, weights: __m256i) -> __m256i;
}

/// `vpmaddubsw`, `vpmaddwd`, `vpaddd`.
#[derive(Clone, Copy)]
pub(crate) struct PairSums;

impl Product for PairSums {
    #[inline(always)]
    unsafe fn dot(sums: __m256i, quad: __m256i, weights: __m256i) -> __m256i {
        // SAFETY: register operations; the caller vouches for AVX2.
        unsafe {
            let words = _mm256_maddubs_epi16(quad, weights);
            let columns = _mm256_madd_epi16(words, _mm256_set1_epi16(1));
            _mm256_add_epi32(sums, columns)
        }
    }
}

/// `vpdpbusd ymm` in VEX coding.
#[derive(Clone, Copy)]
pub(crate) struct Vnni;

impl Product for Vnni {
    #[inline(always)]
    unsafe fn dot(sums: __m256i, quad: __m256i, weights: __m256i) -> __m256i {
        // SAFETY: a register operation; the caller vouches for AVX-VNNI.
        unsafe { _mm256_dpbusd_avx_epi32(sums, quad, weights) }
    }
}

/// `vpdpbusd ymm` in EVEX coding.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(crate) struct VnniByVl;

#[cfg(test)]
impl Product for VnniByVl {
    #[inline(always)]
    unsafe fn dot(sums: __m256i, quad: __m256i, weights: __m256i) -> __m256i {
        // SAFETY: a register operation; the caller vouches for AVX-512 VNNI and VL.
        unsafe { _mm256_dpbusd_epi32(sums, quad, weights) }
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
    fn join(self, a: __m256i, b: __m256i) -> __m256i {
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
