//! AVX2 and AVX-VNNI: products of quads.

use core::arch::asm;
use core::arch::x86_64::*;

/// How a register of quads is multiplied with one of weights.
pub(crate) trait Product: Copy {
    /// `sums[column] += Σ quad[i] * weights[column][i]` of eight columns.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn dot(sums: __m256i, quad: __m256i, weights: __m256i) -> __m256i;

    /// `sums[column] += a[column][0] * b[column][0] + a[column][1] * b[column][1]` of eight columns of 16-bit pairs, wrapping.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn add_products(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: register operations; every product has AVX2.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)) }
    }
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

    #[inline(always)]
    unsafe fn add_products(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller vouches for AVX-VNNI.
        unsafe { add_products(sums, a, b) }
    }
}

/// `vpdpwssd ymm` in VEX coding. The intrinsic is no substitute: the compiler takes it apart into a product and an addition, as
/// if the sum's latency were all that counts.
#[target_feature(enable = "avx2,avxvnni")]
#[inline]
fn add_products(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
    let mut added = sums;
    // SAFETY: one register instruction of the features that this function enables.
    unsafe {
        asm!(
            "{{vex}} vpdpwssd {sums}, {a}, {b}",
            sums = inout(ymm_reg) added,
            a = in(ymm_reg) a,
            b = in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    added
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
