//! AVX2: whole registers of bytes, and their sums.

use core::arch::asm;
use core::arch::x86_64::*;

use super::avx2::{Avx2, Ymm};
use super::products::Product;
use crate::arch::register::register;
use crate::arch::{Divide, Elements, FusedAdd, FusedAddScale, InstructionSet, Wide};

/// Sums of even and odd bytes: the first counts `even + 256 · odd`, the second `odd`, so that a byte
/// costs one shift and no shuffle.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    both: __m256i,
    odd: __m256i,
}

/// A division with its numbers in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Divider {
    ties: bool,
    ties_down_below: __m256i,
    round: __m256i,
    reciprocal: __m256i,
    shifts: bool,
    shift: __m128i,
    nearest: __m256i,
}

impl Elements for Avx2 {}

impl<P: Product> Wide for Ymm<P>
where
    Self: InstructionSet,
{
    type Bytes = __m256i;
    type Words = Words;
    type Divider = Divider;
    const WIDTH: usize = 32;

    #[inline(always)]
    unsafe fn load_wide(self, source: *const u8) -> __m256i {
        // SAFETY: the caller vouches for 32 readable bytes.
        unsafe { _mm256_loadu_si256(source.cast()) }
    }

    #[inline(always)]
    unsafe fn store_wide(self, target: *mut u8, bytes: __m256i, count: usize) {
        if count == 32 {
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { _mm256_storeu_si256(target.cast(), bytes) }
        } else {
            let mut whole = [0u8; 32];
            // SAFETY: `whole` has 32 bytes, and the caller vouches for `count` of `target`.
            unsafe {
                _mm256_storeu_si256(whole.as_mut_ptr().cast(), bytes);
                core::ptr::copy_nonoverlapping(whole.as_ptr(), target, count);
            }
        }
    }

    #[inline(always)]
    fn splat_wide(self, byte: u8) -> __m256i {
        register!(_mm256_set1_epi8(byte as i8))
    }

    #[inline(always)]
    fn max_wide(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_max_epu8(a, b))
    }

    #[inline(always)]
    fn min_wide(self, a: __m256i, b: __m256i) -> __m256i {
        register!(_mm256_min_epu8(a, b))
    }

    #[inline(always)]
    fn no_words(self) -> Words {
        let zero = register!(_mm256_setzero_si256());
        Words { both: zero, odd: zero }
    }

    #[inline(always)]
    fn add_bytes(self, sums: Words, bytes: __m256i) -> Words {
        register!(Words {
            both: _mm256_add_epi16(sums.both, bytes),
            odd: _mm256_add_epi16(sums.odd, _mm256_srli_epi16::<8>(bytes)),
        })
    }

    #[inline(always)]
    fn add_words(self, a: Words, b: Words) -> Words {
        register!(Words { both: _mm256_add_epi16(a.both, b.both), odd: _mm256_add_epi16(a.odd, b.odd) })
    }

    #[inline(always)]
    fn prepare_divide(self, by: &Divide) -> Divider {
        debug_assert!(by.lift == 0, "sums of unsigned bytes need no lift");
        register!(Divider {
            ties: by.ties_down_below != 0,
            ties_down_below: _mm256_set1_epi16(by.ties_down_below as i16),
            round: _mm256_set1_epi16(by.round as i16),
            reciprocal: _mm256_set1_epi16(by.reciprocal as i16),
            shifts: by.shift != 0,
            shift: _mm_cvtsi32_si128(i32::from(by.shift)),
            nearest: _mm256_set1_epi16(by.nearest),
        })
    }

    #[inline(always)]
    fn divide(self, sums: Words, by: Divider) -> __m256i {
        register!({
            let even = _mm256_sub_epi16(sums.both, _mm256_slli_epi16::<8>(sums.odd));
            let (even, odd) = (by.quotients(even), by.quotients(sums.odd));
            _mm256_or_si256(even, _mm256_slli_epi16::<8>(odd))
        })
    }

    #[inline(always)]
    fn divide_nearest(self, sums: Words, by: Divider) -> __m256i {
        register!({
            let even = _mm256_sub_epi16(sums.both, _mm256_slli_epi16::<8>(sums.odd));
            let (even, odd) = (mul_nearest(even, by.nearest), mul_nearest(sums.odd, by.nearest));
            _mm256_or_si256(even, _mm256_slli_epi16::<8>(odd))
        })
    }
}

impl Divider {
    /// See [`Wide::divide`]; inlined into functions that have the instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn quotients(self, sums: __m256i) -> __m256i {
        register!({
            let mut rounded = _mm256_add_epi16(sums, self.round);
            if self.ties {
                // How far below, cut to 1.
                let below = _mm256_subs_epu16(self.ties_down_below, sums);
                rounded = _mm256_sub_epi16(rounded, _mm256_min_epu16(below, _mm256_set1_epi16(1)));
            }
            let high = mul_high(rounded, self.reciprocal);
            if self.shifts { _mm256_srl_epi16(high, self.shift) } else { high }
        })
    }
}

/// `vpmulhuw`. The intrinsic is no substitute: the compiler takes it apart into 32-bit products when the
/// second operand does not change in a loop.
#[target_feature(enable = "avx2")]
#[inline]
fn mul_high(a: __m256i, b: __m256i) -> __m256i {
    let high;
    // SAFETY: one register instruction of the feature that this function enables.
    unsafe {
        asm!(
            "vpmulhuw {high}, {a}, {b}",
            high = lateout(ymm_reg) high,
            a = in(ymm_reg) a,
            b = in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    high
}

/// `vpmulhrsw`; see [`mul_high`].
#[target_feature(enable = "avx2")]
#[inline]
fn mul_nearest(a: __m256i, b: __m256i) -> __m256i {
    let product;
    // SAFETY: one register instruction of the feature that this function enables.
    unsafe {
        asm!(
            "vpmulhrsw {product}, {a}, {b}",
            product = lateout(ymm_reg) product,
            a = in(ymm_reg) a,
            b = in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    product
}

/// Weights of a pair in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Weights {
    high: __m256i,
    low: __m256i,
    round: __m256i,
    shift: __m256i,
    offset: __m256i,
}

impl<P: Product> FusedAdd for Ymm<P>
where
    Self: InstructionSet,
{
    type Weights = Weights;

    #[inline(always)]
    fn prepare_fused_add(self, by: &FusedAddScale) -> Weights {
        let pair = |[a, b]: [i16; 2]| i32::from(a) & 0xFFFF | i32::from(b) << 16;
        let (high, low) = (pair(by.high), pair(by.low));
        register!(Weights {
            high: _mm256_set1_epi32(high),
            low: _mm256_set1_epi32(low),
            round: _mm256_set1_epi32(by.round),
            shift: _mm256_set1_epi32(by.shift as i32),
            offset: _mm256_set1_epi16(by.offset),
        })
    }

    #[inline(always)]
    fn fused_add(self, a: __m256i, b: __m256i, by: Weights) -> __m256i {
        register!({
            // Unpacking and packing both work within 16 bytes, so the order comes back.
            let zero = _mm256_setzero_si256();
            let (low, high) = (_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b));
            let first =
                _mm256_packs_epi32(by.sums(_mm256_unpacklo_epi8(low, zero)), by.sums(_mm256_unpackhi_epi8(low, zero)));
            let second = _mm256_packs_epi32(
                by.sums(_mm256_unpacklo_epi8(high, zero)),
                by.sums(_mm256_unpackhi_epi8(high, zero)),
            );
            _mm256_packus_epi16(_mm256_adds_epi16(first, by.offset), _mm256_adds_epi16(second, by.offset))
        })
    }
}

impl Weights {
    /// The sums of pairs before the offset; inlined into functions that have the instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn sums(self, pairs: __m256i) -> __m256i {
        register!({
            let low = _mm256_srai_epi32::<16>(_mm256_add_epi32(self.round, _mm256_madd_epi16(pairs, self.low)));
            _mm256_srav_epi32(_mm256_add_epi32(low, _mm256_madd_epi16(pairs, self.high)), self.shift)
        })
    }
}
