//! SSE4.1: dot products, products of pairs in 16-bit lanes, and products of 16-bit values.

use core::arch::x86_64::*;

use super::sse41::{Quarters, Sse41, quarters};
use crate::arch::register::register;
use crate::arch::{Dot, LANES, PairDot, Pairs16, WideMultipliers};

impl Dot for Sse41 {
    type Sums = Quarters;
    type Weights = Quarters;
    type Quad = __m128i;

    #[inline(always)]
    fn zero(self) -> Quarters {
        [register!(_mm_setzero_si128()); 4]
    }

    #[inline(always)]
    fn begin(self, values: Quarters) -> Quarters {
        values
    }

    #[inline(always)]
    unsafe fn load_weights(self, source: *const i8) -> Quarters {
        // SAFETY: the caller vouches for 64 readable bytes.
        quarters!(i => unsafe { _mm_loadu_si128(source.add(16 * i).cast()) })
    }

    #[inline(always)]
    unsafe fn load_quad(self, source: *const u8) -> __m128i {
        // SAFETY: the caller vouches for 4 readable bytes; the read is unaligned.
        let quad = unsafe { source.cast::<i32>().read_unaligned() };
        register!(_mm_set1_epi32(quad))
    }

    #[inline(always)]
    fn dot(self, sums: Quarters, quad: __m128i, weights: Quarters) -> Quarters {
        let ones = register!(_mm_set1_epi16(1));
        quarters!(i => register!(_mm_add_epi32(sums[i], _mm_madd_epi16(_mm_maddubs_epi16(quad, weights[i]), ones))))
    }

    #[inline(always)]
    fn lanes(self, sums: Quarters) -> Quarters {
        sums
    }
}

impl PairDot for Sse41 {
    type Half = [__m128i; 2];
    type HalfWeights = [__m128i; 2];
    type Pairs = [__m128i; 2];
    type Widening = __m128i;

    #[inline(always)]
    fn prepare_widen(self) -> __m128i {
        // A constant that the compiler knows would be made anew wherever it is used.
        register!(_mm_set1_epi16(core::hint::black_box(1)))
    }

    #[inline(always)]
    fn half(self, [a, b, c, d]: Quarters, half: usize) -> [__m128i; 2] {
        if half == 0 { [a, b] } else { [c, d] }
    }

    #[inline(always)]
    fn zero_half_weights(self) -> [__m128i; 2] {
        [register!(_mm_setzero_si128()); 2]
    }

    #[inline(always)]
    fn load_half(self, weights: &[i8; 2 * LANES]) -> [__m128i; 2] {
        // SAFETY: the array has the 32 bytes.
        unsafe { [_mm_loadu_si128(weights.as_ptr().cast()), _mm_loadu_si128(weights.as_ptr().add(16).cast())] }
    }

    #[inline(always)]
    fn pairs(self, quad: __m128i, weights: [__m128i; 2]) -> [__m128i; 2] {
        register!([_mm_maddubs_epi16(quad, weights[0]), _mm_maddubs_epi16(quad, weights[1])])
    }

    #[inline(always)]
    fn add_pairs(self, a: [__m128i; 2], b: [__m128i; 2]) -> [__m128i; 2] {
        register!([_mm_add_epi16(a[0], b[0]), _mm_add_epi16(a[1], b[1])])
    }

    #[inline(always)]
    fn widen(self, sums: [__m128i; 2], pairs: [__m128i; 2], ones: __m128i) -> [__m128i; 2] {
        register!([
            _mm_add_epi32(sums[0], _mm_madd_epi16(pairs[0], ones)),
            _mm_add_epi32(sums[1], _mm_madd_epi16(pairs[1], ones)),
        ])
    }

    #[inline(always)]
    fn whole(self, [[a, b], [c, d]]: [[__m128i; 2]; 2]) -> Quarters {
        [a, b, c, d]
    }
}

impl Pairs16 for Sse41 {
    const SIDE_BY_SIDE: bool = true;
    const TAP_STEP: usize = 2 * LANES;
    type Weights16 = Quarters;
    type Words = Quarters;
    type Tap = Quarters;

    #[inline(always)]
    unsafe fn load_weights16(self, source: *const i16) -> Quarters {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe {
            [
                _mm_loadu_si128(source.cast()),
                _mm_loadu_si128(source.add(8).cast()),
                _mm_loadu_si128(source.add(16).cast()),
                _mm_loadu_si128(source.add(24).cast()),
            ]
        }
    }

    #[inline(always)]
    unsafe fn add_pairs16(self, sums: Quarters, x: *const i16, weights: Quarters) -> Quarters {
        // SAFETY: the caller vouches for four readable bytes; the rest is a register operation of the CPU feature that
        // `self` proves.
        let x = unsafe { _mm_set1_epi32(x.cast::<i32>().read_unaligned()) };
        Pairs16::add_words(self, sums, [x; 4], weights)
    }

    #[inline(always)]
    unsafe fn load_words(self, source: *const i16) -> Quarters {
        // SAFETY: the caller vouches for 32 readable bytes; the rest is as above.
        unsafe {
            [
                _mm_cvtepi16_epi32(_mm_loadl_epi64(source.cast())),
                _mm_cvtepi16_epi32(_mm_loadl_epi64(source.add(4).cast())),
                _mm_cvtepi16_epi32(_mm_loadl_epi64(source.add(8).cast())),
                _mm_cvtepi16_epi32(_mm_loadl_epi64(source.add(12).cast())),
            ]
        }
    }

    #[inline(always)]
    unsafe fn load_tap(self, source: *const i16) -> Quarters {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { self.load_weights16(source) }
    }

    #[inline(always)]
    fn add_words(self, sums: Quarters, words: Quarters, weights: Quarters) -> Quarters {
        register!([
            _mm_add_epi32(sums[0], _mm_madd_epi16(words[0], weights[0])),
            _mm_add_epi32(sums[1], _mm_madd_epi16(words[1], weights[1])),
            _mm_add_epi32(sums[2], _mm_madd_epi16(words[2], weights[2])),
            _mm_add_epi32(sums[3], _mm_madd_epi16(words[3], weights[3])),
        ])
    }

    #[inline(always)]
    unsafe fn store_words(self, target: *mut i16, [a, b, c, d]: Quarters, count: usize) {
        let packed = register!([_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)]);
        let mut words = [0_i16; LANES];
        let whole = if count == LANES { target } else { words.as_mut_ptr() };
        // SAFETY: both are sixteen values where they are stored whole; the caller vouches for `count` of the target.
        unsafe {
            _mm_storeu_si128(whole.cast(), packed[0]);
            _mm_storeu_si128(whole.add(8).cast(), packed[1]);
            if count != LANES {
                core::ptr::copy_nonoverlapping(words.as_ptr(), target, count);
            }
        }
    }

    #[inline(always)]
    fn rescale_wide(self, sums: &[i64; LANES], by: &WideMultipliers) -> Quarters {
        // SAFETY: four values follow each of these lanes; register operations of the CPU feature that `self` proves.
        unsafe {
            [
                wide_quarter(sums, by, 0),
                wide_quarter(sums, by, 4),
                wide_quarter(sums, by, 8),
                wide_quarter(sums, by, 12),
            ]
        }
    }

    #[inline(always)]
    fn rescale_narrow(self, sums: Quarters, by: &WideMultipliers) -> Quarters {
        // SAFETY: as above.
        unsafe {
            [
                narrow_quarter(sums[0], by, 0),
                narrow_quarter(sums[1], by, 4),
                narrow_quarter(sums[2], by, 8),
                narrow_quarter(sums[3], by, 12),
            ]
        }
    }
}

/// Two factors from lane `at` on, in 64 bits.
///
/// # Safety
/// The CPU has the instruction set; `at` is at most 14.
#[inline(always)]
unsafe fn factors(by: &WideMultipliers, at: usize) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe { _mm_cvtepu32_epi64(_mm_loadl_epi64(by.factor.as_ptr().add(at).cast())) }
}

/// Two sums from lane `at` on times their factors, which have 32 bits: the low halves' products, and the high halves'
/// moved up.
///
/// # Safety
/// As [`factors`].
#[inline(always)]
unsafe fn product(sums: __m128i, by: &WideMultipliers, at: usize) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let factor = factors(by, at);
        let high = _mm_slli_epi64::<32>(_mm_mul_epu32(_mm_srli_epi64::<32>(sums), factor));
        _mm_add_epi64(_mm_mul_epu32(sums, factor), high)
    }
}

/// What becomes of two products from lane `at` on. An arithmetic shift of unsigned values is that of those moved up by 2^63,
/// less that shifted; each of two lanes has a count of its own, so both are shifted by either.
///
/// # Safety
/// As [`factors`].
#[inline(always)]
unsafe fn rescaled(products: __m128i, by: &WideMultipliers, at: usize) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let moved = _mm_add_epi64(products, _mm_loadu_si128(by.offset.as_ptr().add(at).cast()));
        let counts = _mm_loadu_si128(by.shift.as_ptr().add(at).cast());
        let lift = _mm_set1_epi64x(i64::MIN);
        _mm_sub_epi64(shift_each(_mm_xor_si128(moved, lift), counts), shift_each(lift, counts))
    }
}

/// Each 64-bit lane shifted to the right by a count of its own.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn shift_each(values: __m128i, counts: __m128i) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let low = _mm_srl_epi64(values, counts);
        _mm_blend_epi16::<0xF0>(low, _mm_srl_epi64(values, _mm_srli_si128::<8>(counts)))
    }
}

/// What becomes of four sums of 64 bits from lane `at` on.
///
/// # Safety
/// As [`factors`]; `at` is at most 12.
#[inline(always)]
unsafe fn wide_quarter(sums: &[i64; LANES], by: &WideMultipliers, at: usize) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let low = product(_mm_loadu_si128(sums.as_ptr().add(at).cast()), by, at);
        let high = product(_mm_loadu_si128(sums.as_ptr().add(at + 2).cast()), by, at + 2);
        low_halves(rescaled(low, by, at), rescaled(high, by, at + 2))
    }
}

/// What becomes of four sums of 32 bits from lane `at` on.
///
/// # Safety
/// As [`factors`]; `at` is at most 12.
#[inline(always)]
unsafe fn narrow_quarter(sums: __m128i, by: &WideMultipliers, at: usize) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let low = _mm_mul_epi32(_mm_cvtepi32_epi64(sums), factors(by, at));
        let high = _mm_mul_epi32(_mm_cvtepi32_epi64(_mm_srli_si128::<8>(sums)), factors(by, at + 2));
        low_halves(rescaled(low, by, at), rescaled(high, by, at + 2))
    }
}

/// The low halves of the 64-bit lanes of both.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn low_halves(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe { _mm_castps_si128(_mm_shuffle_ps::<0x88>(_mm_castsi128_ps(a), _mm_castsi128_ps(b))) }
}
