//! Products of 16-bit values in sixteen columns, of pairs or one by one: `vpmaddwd`, or `vpdpwssd` which also adds.

use super::{Arch, LANES, Scalar};

/// Sums of products of two activations with two weights in sixteen columns at once, all of 16 bits.
pub(crate) trait Pairs16: Arch {
    /// Two weights for each of sixteen columns.
    type Weights16: Copy;

    /// # Safety
    /// `source` is valid for reads of 32 values, two for each column.
    unsafe fn load_weights16(self, source: *const i16) -> Self::Weights16;

    /// `sums[column] + x[0] * weights[column][0] + x[1] * weights[column][1]`, wrapping.
    ///
    /// Both products may not be `2^30`: one of the operands is above -32768.
    ///
    /// # Safety
    /// `x` is valid for reads of 2 values; any alignment.
    unsafe fn add_pairs16(self, sums: Self::I32, x: *const i16, weights: Self::Weights16) -> Self::I32;

    /// Sixteen values, a lane for each.
    ///
    /// # Safety
    /// `source` is valid for reads of 16 values; any alignment.
    unsafe fn load_words(self, source: *const i16) -> Self::I32;

    /// `sums + words * weights`, wrapping: words of 16 bits, and weights of 16 bits in the lower halves of their lanes
    /// with 0 in the upper ones, whatever their sign.
    fn add_words(self, sums: Self::I32, words: Self::I32, weights: Self::I32) -> Self::I32;
}

impl Pairs16 for Scalar {
    type Weights16 = [[i16; 2]; LANES];

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
            *sum = sum.wrapping_add(i32::from(a) * i32::from(v) + i32::from(b) * i32::from(w));
        }
        sums
    }

    #[inline(always)]
    unsafe fn load_words(self, source: *const i16) -> Self::I32 {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { source.cast::<[i16; LANES]>().read_unaligned() }.map(i32::from)
    }

    #[inline(always)]
    fn add_words(self, sums: Self::I32, words: Self::I32, weights: Self::I32) -> Self::I32 {
        let mut sums = sums;
        for ((sum, word), weight) in sums.iter_mut().zip(words).zip(weights) {
            *sum = sum.wrapping_add(word * i32::from(weight as i16));
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;

    use super::super::avx2::Ymm;
    use super::super::avx2_products::Product;
    use super::super::{Avx512Vnni, avx2::Pair};
    use super::Pairs16;

    impl<P: Product> Pairs16 for Ymm<P> {
        type Weights16 = Pair;

        #[inline(always)]
        unsafe fn load_weights16(self, source: *const i16) -> Pair {
            // SAFETY: the caller vouches for 64 readable bytes.
            unsafe { [_mm256_loadu_si256(source.cast()), _mm256_loadu_si256(source.add(16).cast())] }
        }

        #[inline(always)]
        unsafe fn add_pairs16(self, sums: Pair, x: *const i16, weights: Pair) -> Pair {
            // SAFETY: the caller vouches for four readable bytes; the rest are register operations of the CPU feature
            // that `self` proves.
            unsafe {
                let x = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
                [
                    _mm256_add_epi32(sums[0], _mm256_madd_epi16(x, weights[0])),
                    _mm256_add_epi32(sums[1], _mm256_madd_epi16(x, weights[1])),
                ]
            }
        }

        #[inline(always)]
        unsafe fn load_words(self, source: *const i16) -> Pair {
            // SAFETY: the caller vouches for 32 readable bytes; the rest is as above.
            unsafe {
                [
                    _mm256_cvtepi16_epi32(_mm_loadu_si128(source.cast())),
                    _mm256_cvtepi16_epi32(_mm_loadu_si128(source.add(8).cast())),
                ]
            }
        }

        #[inline(always)]
        fn add_words(self, sums: Pair, words: Pair, weights: Pair) -> Pair {
            // SAFETY: register operations of the CPU feature that `self` proves.
            unsafe {
                [
                    _mm256_add_epi32(sums[0], _mm256_madd_epi16(words[0], weights[0])),
                    _mm256_add_epi32(sums[1], _mm256_madd_epi16(words[1], weights[1])),
                ]
            }
        }
    }

    impl Pairs16 for Avx512Vnni {
        type Weights16 = __m512i;

        #[inline(always)]
        unsafe fn load_weights16(self, source: *const i16) -> __m512i {
            // SAFETY: the caller vouches for 64 readable bytes.
            unsafe { _mm512_loadu_si512(source.cast()) }
        }

        #[inline(always)]
        unsafe fn add_pairs16(self, sums: __m512i, x: *const i16, weights: __m512i) -> __m512i {
            // SAFETY: the caller vouches for four readable bytes; the rest are register operations of the CPU features
            // that `self` proves.
            unsafe { _mm512_dpwssd_epi32(sums, weights, _mm512_set1_epi32(x.cast::<i32>().read_unaligned())) }
        }

        #[inline(always)]
        unsafe fn load_words(self, source: *const i16) -> __m512i {
            // SAFETY: the caller vouches for 32 readable bytes; the rest is as above.
            unsafe { _mm512_cvtepi16_epi32(_mm256_loadu_si256(source.cast())) }
        }

        #[inline(always)]
        fn add_words(self, sums: __m512i, words: __m512i, weights: __m512i) -> __m512i {
            // SAFETY: a register operation of the CPU features that `self` proves.
            unsafe { _mm512_dpwssd_epi32(sums, words, weights) }
        }
    }
}
