//! [`Pairs16`] of AVX2 and AVX-VNNI.

use core::arch::x86_64::*;

use super::avx2::{Pair, Ymm};
use super::products::Product;
use crate::arch::{InstructionSet, LANES, Pairs16, WideMultipliers};

impl<P: Product> Pairs16 for Ymm<P>
where
    Self: InstructionSet,
{
    const SIDE_BY_SIDE: bool = true;
    const TAP_STEP: usize = 2 * LANES;
    type Weights16 = Pair;
    type Words = Pair;
    type Tap = Pair;

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
            [P::add_products(sums[0], x, weights[0]), P::add_products(sums[1], x, weights[1])]
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
    unsafe fn load_tap(self, source: *const i16) -> Pair {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { self.load_weights16(source) }
    }

    #[inline(always)]
    fn add_words(self, sums: Pair, words: Pair, weights: Pair) -> Pair {
        // SAFETY: register operations of the CPU feature that `self` proves.
        unsafe { [P::add_products(sums[0], words[0], weights[0]), P::add_products(sums[1], words[1], weights[1])] }
    }

    #[inline(always)]
    unsafe fn store_words(self, target: *mut i16, values: Pair, count: usize) {
        // SAFETY: register operations of the CPU feature that `self` proves; the caller vouches for the target.
        unsafe {
            let packed = _mm256_permute4x64_epi64::<0xD8>(_mm256_packs_epi32(values[0], values[1]));
            if count == LANES {
                _mm256_storeu_si256(target.cast(), packed);
                return;
            }
            let mut words = [0_i16; LANES];
            _mm256_storeu_si256(words.as_mut_ptr().cast(), packed);
            core::ptr::copy_nonoverlapping(words.as_ptr(), target, count);
        }
    }

    #[inline(always)]
    fn rescale_wide(self, sums: &[i64; LANES], by: &WideMultipliers) -> Pair {
        // SAFETY: each quarter of the arrays has four values; register operations of the CPU feature that `self`
        // proves.
        unsafe {
            let sums = sums.as_ptr();
            low_halves_of([
                quarter(product(_mm256_loadu_si256(sums.cast()), by, 0), by, 0),
                quarter(product(_mm256_loadu_si256(sums.add(4).cast()), by, 4), by, 4),
                quarter(product(_mm256_loadu_si256(sums.add(8).cast()), by, 8), by, 8),
                quarter(product(_mm256_loadu_si256(sums.add(12).cast()), by, 12), by, 12),
            ])
        }
    }

    #[inline(always)]
    fn rescale_narrow(self, sums: Pair, by: &WideMultipliers) -> Pair {
        // SAFETY: as above.
        unsafe {
            low_halves_of([
                quarter(narrow_product(_mm256_castsi256_si128(sums[0]), by, 0), by, 0),
                quarter(narrow_product(_mm256_extracti128_si256::<1>(sums[0]), by, 4), by, 4),
                quarter(narrow_product(_mm256_castsi256_si128(sums[1]), by, 8), by, 8),
                quarter(narrow_product(_mm256_extracti128_si256::<1>(sums[1]), by, 12), by, 12),
            ])
        }
    }
}

/// Four sums from lane `at` on times their factors, which have 32 bits: the low halves' products, and the high
/// halves' moved up.
///
/// # Safety
/// The CPU has AVX2; `at` is at most 12.
#[inline(always)]
unsafe fn product(sums: __m256i, by: &WideMultipliers, at: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let factor = _mm256_cvtepu32_epi64(_mm_loadu_si128(by.factor.as_ptr().add(at).cast()));
        let high = _mm256_slli_epi64::<32>(_mm256_mul_epu32(_mm256_srli_epi64::<32>(sums), factor));
        _mm256_add_epi64(_mm256_mul_epu32(sums, factor), high)
    }
}

/// [`product`] of sums that fit 32 bits.
///
/// # Safety
/// As [`product`].
#[inline(always)]
unsafe fn narrow_product(sums: __m128i, by: &WideMultipliers, at: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let factor = _mm256_cvtepu32_epi64(_mm_loadu_si128(by.factor.as_ptr().add(at).cast()));
        _mm256_mul_epi32(_mm256_cvtepi32_epi64(sums), factor)
    }
}

/// What becomes of four products from lane `at` on.
///
/// # Safety
/// As [`product`].
#[inline(always)]
unsafe fn quarter(products: __m256i, by: &WideMultipliers, at: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let product = _mm256_add_epi64(products, _mm256_loadu_si256(by.offset.as_ptr().add(at).cast()));
        let shift = _mm256_loadu_si256(by.shift.as_ptr().add(at).cast());
        // An arithmetic shift of unsigned values: those moved up by 2^63, less that shifted.
        let offset = _mm256_set1_epi64x(i64::MIN);
        let shifted = _mm256_srlv_epi64(_mm256_xor_si256(product, offset), shift);
        _mm256_sub_epi64(shifted, _mm256_srlv_epi64(offset, shift))
    }
}

/// The low halves of the 64-bit lanes of all quarters.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn low_halves_of([a, b, c, d]: [__m256i; 4]) -> Pair {
    // SAFETY: the caller's promise.
    unsafe {
        let halves = [low_halves(a, b), low_halves(c, d)];
        [_mm256_permute4x64_epi64::<0xD8>(halves[0]), _mm256_permute4x64_epi64::<0xD8>(halves[1])]
    }
}

/// The low halves of the 64-bit lanes of both, those of `a` in lanes 0, 1, 4 and 5.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn low_halves(a: __m256i, b: __m256i) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe { _mm256_castps_si256(_mm256_shuffle_ps::<0x88>(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b))) }
}
