//! [`Pairs16`] of AVX-512 VNNI.

use core::arch::asm;
use core::arch::x86_64::*;

use super::avx512::Avx512Vnni;
use crate::arch::{LANES, Pairs16, WideMultipliers};

impl Pairs16 for Avx512Vnni {
    const SIDE_BY_SIDE: bool = true;
    const TAP_STEP: usize = 2 * LANES;
    type Weights16 = __m512i;
    type Words = __m512i;
    type Tap = __m512i;

    #[inline(always)]
    unsafe fn load_weights16(self, source: *const i16) -> __m512i {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { _mm512_loadu_si512(source.cast()) }
    }

    #[inline(always)]
    unsafe fn add_pairs16(self, sums: __m512i, x: *const i16, weights: __m512i) -> __m512i {
        // SAFETY: the caller vouches for four readable bytes; the rest are register operations of the CPU features
        // that `self` proves.
        unsafe { add_products(sums, weights, _mm512_set1_epi32(x.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn load_words(self, source: *const i16) -> __m512i {
        // SAFETY: the caller vouches for 32 readable bytes; the rest is as above.
        unsafe { _mm512_cvtepi16_epi32(_mm256_loadu_si256(source.cast())) }
    }

    #[inline(always)]
    unsafe fn load_tap(self, source: *const i16) -> __m512i {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { self.load_weights16(source) }
    }

    #[inline(always)]
    fn add_words(self, sums: __m512i, words: __m512i, weights: __m512i) -> __m512i {
        // SAFETY: a register operation of the CPU features that `self` proves.
        unsafe { add_products(sums, words, weights) }
    }

    #[inline(always)]
    unsafe fn store_words(self, target: *mut i16, values: __m512i, count: usize) {
        let mask = ((1_u32 << count) - 1) as u16;
        // SAFETY: register operations of the CPU features that `self` proves; the caller vouches for the masked
        // part of the target.
        unsafe { _mm256_mask_storeu_epi16(target, mask, _mm512_cvtepi32_epi16(values)) }
    }

    #[inline(always)]
    fn rescale_wide(self, sums: &[i64; LANES], by: &WideMultipliers) -> __m512i {
        // SAFETY: each half of the arrays has eight values; register operations of the CPU features that `self`
        // proves.
        unsafe {
            let sums = sums.as_ptr();
            let low = _mm512_mullo_epi64(_mm512_loadu_si512(sums.cast()), factors(by, 0));
            let high = _mm512_mullo_epi64(_mm512_loadu_si512(sums.add(8).cast()), factors(by, 8));
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(half(low, by, 0)), half(high, by, 8))
        }
    }

    #[inline(always)]
    fn rescale_narrow(self, sums: __m512i, by: &WideMultipliers) -> __m512i {
        // SAFETY: as above.
        unsafe {
            let low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(sums));
            let high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64::<1>(sums));
            let low = half(_mm512_mul_epi32(low, factors(by, 0)), by, 0);
            let high = half(_mm512_mul_epi32(high, factors(by, 8)), by, 8);
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
        }
    }
}

/// `vpdpwssd`. The intrinsic is no substitute: the compiler takes it apart into a product and an addition, as if the sum's
/// latency were all that counts.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn add_products(sums: __m512i, a: __m512i, b: __m512i) -> __m512i {
    let mut added = sums;
    // SAFETY: one register instruction of the features that this function enables.
    unsafe {
        asm!(
            "vpdpwssd {sums}, {a}, {b}",
            sums = inout(zmm_reg) added,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    added
}

/// Eight factors from lane `at` on.
///
/// # Safety
/// The CPU has AVX-512 F; `at` is at most 8.
#[inline(always)]
unsafe fn factors(by: &WideMultipliers, at: usize) -> __m512i {
    // SAFETY: the caller's promise.
    unsafe { _mm512_cvtepu32_epi64(_mm256_loadu_si256(by.factor.as_ptr().add(at).cast())) }
}

/// What becomes of eight products from lane `at` on.
///
/// # Safety
/// As [`factors`].
#[inline(always)]
unsafe fn half(products: __m512i, by: &WideMultipliers, at: usize) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe {
        let product = _mm512_add_epi64(products, _mm512_loadu_si512(by.offset.as_ptr().add(at).cast()));
        _mm512_cvtepi64_epi32(_mm512_srav_epi64(product, _mm512_loadu_si512(by.shift.as_ptr().add(at).cast())))
    }
}
