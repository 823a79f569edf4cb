//! SSE4.1: whole registers of bytes, and their sums.

use core::arch::asm;
use core::arch::x86_64::*;

use super::shuffle::Shuffle;
use super::sse41::{Sse41, store_part};
use crate::arch::register::register;
use crate::arch::{Divide, Elements, FusedAdd, FusedAddScale, Wide};

/// Sums of even and odd bytes: the first counts `even + 256 · odd`, the second `odd`, so that a byte
/// costs one shift and no shuffle.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    both: __m128i,
    odd: __m128i,
}

/// A division with its numbers in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Divider {
    ties: bool,
    ties_down_below: __m128i,
    round: __m128i,
    reciprocal: __m128i,
    shifts: bool,
    shift: __m128i,
    nearest: __m128i,
}

impl Wide for Sse41 {
    type Bytes = __m128i;
    type Words = Words;
    type Divider = Divider;
    const WIDTH: usize = 16;

    #[inline(always)]
    unsafe fn load_wide(self, source: *const u8) -> __m128i {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { _mm_loadu_si128(source.cast()) }
    }

    #[inline(always)]
    unsafe fn store_wide(self, target: *mut u8, bytes: __m128i, count: usize) {
        // SAFETY: the caller vouches for `count` writable bytes.
        unsafe { store_part(target, bytes, count) }
    }

    #[inline(always)]
    fn splat_wide(self, byte: u8) -> __m128i {
        register!(_mm_set1_epi8(byte as i8))
    }

    #[inline(always)]
    fn max_wide(self, a: __m128i, b: __m128i) -> __m128i {
        register!(_mm_max_epu8(a, b))
    }

    #[inline(always)]
    fn min_wide(self, a: __m128i, b: __m128i) -> __m128i {
        register!(_mm_min_epu8(a, b))
    }

    #[inline(always)]
    fn no_words(self) -> Words {
        let zero = register!(_mm_setzero_si128());
        Words { both: zero, odd: zero }
    }

    #[inline(always)]
    fn add_bytes(self, sums: Words, bytes: __m128i) -> Words {
        register!(Words {
            both: _mm_add_epi16(sums.both, bytes),
            odd: _mm_add_epi16(sums.odd, _mm_srli_epi16::<8>(bytes)),
        })
    }

    #[inline(always)]
    fn add_words(self, a: Words, b: Words) -> Words {
        register!(Words { both: _mm_add_epi16(a.both, b.both), odd: _mm_add_epi16(a.odd, b.odd) })
    }

    #[inline(always)]
    fn prepare_divide(self, by: &Divide) -> Divider {
        debug_assert!(by.lift == 0, "sums of unsigned bytes need no lift");
        register!(Divider {
            ties: by.ties_down_below != 0,
            ties_down_below: _mm_set1_epi16(by.ties_down_below as i16),
            round: _mm_set1_epi16(by.round as i16),
            reciprocal: _mm_set1_epi16(by.reciprocal as i16),
            shifts: by.shift != 0,
            shift: _mm_cvtsi32_si128(i32::from(by.shift)),
            nearest: _mm_set1_epi16(by.nearest),
        })
    }

    #[inline(always)]
    fn divide(self, sums: Words, by: Divider) -> __m128i {
        register!({
            let even = _mm_sub_epi16(sums.both, _mm_slli_epi16::<8>(sums.odd));
            let (even, odd) = (by.quotients(even), by.quotients(sums.odd));
            _mm_or_si128(even, _mm_slli_epi16::<8>(odd))
        })
    }

    #[inline(always)]
    fn divide_nearest(self, sums: Words, by: Divider) -> __m128i {
        register!({
            let even = _mm_sub_epi16(sums.both, _mm_slli_epi16::<8>(sums.odd));
            let (even, odd) = (mul_nearest(even, by.nearest), mul_nearest(sums.odd, by.nearest));
            _mm_or_si128(even, _mm_slli_epi16::<8>(odd))
        })
    }
}

impl Divider {
    /// See [`Wide::divide`]; inlined into functions that have the instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn quotients(self, sums: __m128i) -> __m128i {
        register!({
            let mut rounded = _mm_add_epi16(sums, self.round);
            if self.ties {
                // How far below, cut to 1.
                let below = _mm_subs_epu16(self.ties_down_below, sums);
                rounded = _mm_sub_epi16(rounded, _mm_min_epu16(below, _mm_set1_epi16(1)));
            }
            let high = mul_high(rounded, self.reciprocal);
            if self.shifts { _mm_srl_epi16(high, self.shift) } else { high }
        })
    }
}

/// `pmulhuw`. The intrinsic is no substitute: the compiler takes it apart into 32-bit products when the
/// second operand does not change in a loop.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn mul_high(a: __m128i, b: __m128i) -> __m128i {
    let mut high = a;
    // SAFETY: one register instruction of the instruction set that the caller vouches for.
    unsafe {
        asm!(
            "pmulhuw {high}, {b}",
            high = inlateout(xmm_reg) high,
            b = in(xmm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    high
}

/// `pmulhrsw`; see [`mul_high`].
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn mul_nearest(a: __m128i, b: __m128i) -> __m128i {
    let mut product = a;
    // SAFETY: one register instruction of the instruction set that the caller vouches for.
    unsafe {
        asm!(
            "pmulhrsw {product}, {b}",
            product = inlateout(xmm_reg) product,
            b = in(xmm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    product
}

/// Weights of a pair in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Weights {
    high: __m128i,
    low: __m128i,
    round: __m128i,
    /// The count of all lanes.
    shift: __m128i,
    offset: __m128i,
}

impl FusedAdd for Sse41 {
    type Weights = Weights;

    #[inline(always)]
    fn prepare_fused_add(self, by: &FusedAddScale) -> Weights {
        let pair = |[a, b]: [i16; 2]| i32::from(a) & 0xFFFF | i32::from(b) << 16;
        let (high, low) = (pair(by.high), pair(by.low));
        register!(Weights {
            high: _mm_set1_epi32(high),
            low: _mm_set1_epi32(low),
            round: _mm_set1_epi32(by.round),
            shift: _mm_cvtsi32_si128(by.shift as i32),
            offset: _mm_set1_epi16(by.offset),
        })
    }

    #[inline(always)]
    fn fused_add(self, a: __m128i, b: __m128i, by: Weights) -> __m128i {
        register!({
            let zero = _mm_setzero_si128();
            let (low, high) = (_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b));
            let first = _mm_packs_epi32(by.sums(_mm_unpacklo_epi8(low, zero)), by.sums(_mm_unpackhi_epi8(low, zero)));
            let second =
                _mm_packs_epi32(by.sums(_mm_unpacklo_epi8(high, zero)), by.sums(_mm_unpackhi_epi8(high, zero)));
            _mm_packus_epi16(_mm_adds_epi16(first, by.offset), _mm_adds_epi16(second, by.offset))
        })
    }
}

impl Weights {
    /// The sums of pairs before the offset; inlined into functions that have the instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn sums(self, pairs: __m128i) -> __m128i {
        register!({
            let low = _mm_srai_epi32::<16>(_mm_add_epi32(self.round, _mm_madd_epi16(pairs, self.low)));
            _mm_sra_epi32(_mm_add_epi32(low, _mm_madd_epi16(pairs, self.high)), self.shift)
        })
    }
}

impl Elements for Sse41 {}

impl Shuffle for Sse41 {
    #[inline(always)]
    unsafe fn load_repeated(self, source: *const u8) -> __m128i {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { _mm_loadu_si128(source.cast()) }
    }

    #[inline(always)]
    fn shuffle(self, table: __m128i, indices: __m128i) -> __m128i {
        register!(_mm_shuffle_epi8(table, indices))
    }

    #[inline(always)]
    fn xor(self, a: __m128i, b: __m128i) -> __m128i {
        register!(_mm_xor_si128(a, b))
    }

    #[inline(always)]
    fn sub_saturating(self, a: __m128i, b: __m128i) -> __m128i {
        register!(_mm_subs_epi8(a, b))
    }
}
