//! AVX-512: whole registers of bytes, and their sums.

use core::arch::asm;
use core::arch::x86_64::*;

use super::avx512::Avx512Vnni;
use crate::arch::register::register;
use crate::arch::{Divide, Dot, Elements, FloatScale, FusedAdd, FusedAddScale, Interleave, LANES, Wide};

/// Sums of even and odd bytes: the first counts `even + 256 · odd`, the second `odd`, so that a byte
/// costs one shift and no shuffle.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    both: __m512i,
    odd: __m512i,
}

impl Interleave for Avx512Vnni {
    type Taps = __m512i;

    // Unpacking works within 16 bytes: four channels of each of the four 16-byte lanes.
    #[inline(always)]
    fn channel(part: usize, lane: usize) -> usize {
        16 * (lane / 4) + 4 * part + lane % 4
    }

    #[inline(always)]
    unsafe fn load_taps(self, [a, b, c, d]: [*const u8; 4]) -> [__m512i; 4] {
        // SAFETY: the caller vouches for 64 readable bytes at each tap.
        let (a, b, c, d) = unsafe { (self.load_wide(a), self.load_wide(b), self.load_wide(c), self.load_wide(d)) };
        register!({
            let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
            let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
            [
                _mm512_unpacklo_epi16(ab_low, cd_low),
                _mm512_unpackhi_epi16(ab_low, cd_low),
                _mm512_unpacklo_epi16(ab_high, cd_high),
                _mm512_unpackhi_epi16(ab_high, cd_high),
            ]
        })
    }

    #[inline(always)]
    fn dot_taps(self, sums: __m512i, taps: __m512i, weights: __m512i) -> __m512i {
        self.dot(sums, taps, weights)
    }

    #[inline(always)]
    fn sums(self, lanes: __m512i) -> __m512i {
        lanes
    }

    #[inline(always)]
    unsafe fn store_scaled(self, target: *mut u8, [a, b, c, d]: [__m512i; 4], by: &FloatScale, count: usize) {
        let bytes = register!({
            let first =
                _mm512_packs_epi32(scale(a, &by.scale[0], &by.offset[0]), scale(b, &by.scale[1], &by.offset[1]));
            let second =
                _mm512_packs_epi32(scale(c, &by.scale[2], &by.offset[2]), scale(d, &by.scale[3], &by.offset[3]));
            _mm512_packus_epi16(first, second)
        });
        // SAFETY: the bounds are 64 bytes each, and the caller vouches for `count` writable bytes.
        unsafe {
            let (min, max) = (self.load_wide(by.min.as_ptr()), self.load_wide(by.max.as_ptr()));
            self.store_wide(target, self.min_wide(self.max_wide(bytes, min), max), count);
        }
    }

    #[inline(always)]
    unsafe fn store_parts(self, target: *mut u8, [a, b, c, d]: [__m512i; 4], count: usize) {
        let bytes = register!(_mm512_packus_epi16(_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d)));
        // SAFETY: the caller vouches for `count` writable bytes.
        unsafe { self.store_wide(target, bytes, count) }
    }
}

/// `scale · lane + offset` without the fractions; inlined into functions that have the instruction set.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn scale(lanes: __m512i, scale: &[f32; LANES], offset: &[f32; LANES]) -> __m512i {
    // SAFETY: the arrays have sixteen values each; the caller vouches for the CPU.
    unsafe {
        let (scale, offset) = (_mm512_loadu_ps(scale.as_ptr()), _mm512_loadu_ps(offset.as_ptr()));
        _mm512_cvttps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(lanes), scale, offset))
    }
}

/// A division with its numbers in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Divider {
    ties: bool,
    ties_down_below: __m512i,
    round: __m512i,
    reciprocal: __m512i,
    shifts: bool,
    shift: __m128i,
    nearest: __m512i,
}

impl Elements for Avx512Vnni {}

impl Wide for Avx512Vnni {
    type Bytes = __m512i;
    type Words = Words;
    type Divider = Divider;
    const WIDTH: usize = 64;

    #[inline(always)]
    unsafe fn load_wide(self, source: *const u8) -> __m512i {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { _mm512_loadu_si512(source.cast()) }
    }

    #[inline(always)]
    unsafe fn store_wide(self, target: *mut u8, bytes: __m512i, count: usize) {
        if count == 64 {
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { _mm512_storeu_si512(target.cast(), bytes) }
        } else {
            let mask: __mmask64 = (1 << count) - 1;
            // SAFETY: as above; masked-out bytes are not touched.
            unsafe { _mm512_mask_storeu_epi8(target.cast(), mask, bytes) }
        }
    }

    #[inline(always)]
    fn splat_wide(self, byte: u8) -> __m512i {
        register!(_mm512_set1_epi8(byte as i8))
    }

    #[inline(always)]
    fn max_wide(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_max_epu8(a, b))
    }

    #[inline(always)]
    fn min_wide(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_min_epu8(a, b))
    }

    #[inline(always)]
    fn no_words(self) -> Words {
        let zero = register!(_mm512_setzero_si512());
        Words { both: zero, odd: zero }
    }

    #[inline(always)]
    fn add_bytes(self, sums: Words, bytes: __m512i) -> Words {
        register!(Words {
            both: _mm512_add_epi16(sums.both, bytes),
            odd: _mm512_add_epi16(sums.odd, _mm512_srli_epi16::<8>(bytes)),
        })
    }

    #[inline(always)]
    fn add_words(self, a: Words, b: Words) -> Words {
        register!(Words { both: _mm512_add_epi16(a.both, b.both), odd: _mm512_add_epi16(a.odd, b.odd) })
    }

    #[inline(always)]
    fn prepare_divide(self, by: &Divide) -> Divider {
        debug_assert!(by.lift == 0, "sums of unsigned bytes need no lift");
        register!(Divider {
            ties: by.ties_down_below != 0,
            ties_down_below: _mm512_set1_epi16(by.ties_down_below as i16),
            round: _mm512_set1_epi16(by.round as i16),
            reciprocal: _mm512_set1_epi16(by.reciprocal as i16),
            shifts: by.shift != 0,
            shift: _mm_cvtsi32_si128(i32::from(by.shift)),
            nearest: _mm512_set1_epi16(by.nearest),
        })
    }

    #[inline(always)]
    fn divide(self, sums: Words, by: Divider) -> __m512i {
        register!({
            let even = _mm512_sub_epi16(sums.both, _mm512_slli_epi16::<8>(sums.odd));
            let (even, odd) = (by.quotients(even), by.quotients(sums.odd));
            _mm512_or_si512(even, _mm512_slli_epi16::<8>(odd))
        })
    }

    #[inline(always)]
    fn divide_nearest(self, sums: Words, by: Divider) -> __m512i {
        register!({
            let even = _mm512_sub_epi16(sums.both, _mm512_slli_epi16::<8>(sums.odd));
            let (even, odd) = (mul_nearest(even, by.nearest), mul_nearest(sums.odd, by.nearest));
            _mm512_or_si512(even, _mm512_slli_epi16::<8>(odd))
        })
    }
}

impl Divider {
    /// See [`Wide::divide`]; inlined into functions that have the instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn quotients(self, sums: __m512i) -> __m512i {
        register!({
            let mut rounded = _mm512_add_epi16(sums, self.round);
            if self.ties {
                // How far below, cut to 1.
                let below = _mm512_subs_epu16(self.ties_down_below, sums);
                rounded = _mm512_sub_epi16(rounded, _mm512_min_epu16(below, _mm512_set1_epi16(1)));
            }
            let high = mul_high(rounded, self.reciprocal);
            if self.shifts { _mm512_srl_epi16(high, self.shift) } else { high }
        })
    }
}

/// `vpmulhuw`. The intrinsic is no substitute: the compiler takes it apart into 32-bit products when the
/// second operand does not change in a loop.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn mul_high(a: __m512i, b: __m512i) -> __m512i {
    let high;
    // SAFETY: one register instruction of the feature that this function enables.
    unsafe {
        asm!(
            "vpmulhuw {high}, {a}, {b}",
            high = lateout(zmm_reg) high,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    high
}

/// `vpmulhrsw`; see [`mul_high`].
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn mul_nearest(a: __m512i, b: __m512i) -> __m512i {
    let product;
    // SAFETY: one register instruction of the feature that this function enables.
    unsafe {
        asm!(
            "vpmulhrsw {product}, {a}, {b}",
            product = lateout(zmm_reg) product,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    product
}

/// Weights of a pair in every lane.
#[derive(Clone, Copy)]
pub(crate) struct Weights {
    high: __m512i,
    low: __m512i,
    round: __m512i,
    shift: __m512i,
    offset: __m512i,
}

impl FusedAdd for Avx512Vnni {
    type Weights = Weights;

    #[inline(always)]
    fn prepare_fused_add(self, by: &FusedAddScale) -> Weights {
        let pair = |[a, b]: [i16; 2]| i32::from(a) & 0xFFFF | i32::from(b) << 16;
        let (high, low) = (pair(by.high), pair(by.low));
        register!(Weights {
            high: _mm512_set1_epi32(high),
            low: _mm512_set1_epi32(low),
            round: _mm512_set1_epi32(by.round),
            shift: _mm512_set1_epi32(by.shift as i32),
            offset: _mm512_set1_epi16(by.offset),
        })
    }

    #[inline(always)]
    fn fused_add(self, a: __m512i, b: __m512i, by: Weights) -> __m512i {
        register!({
            // Unpacking and packing both work within 16 bytes, so the order comes back.
            let zero = _mm512_setzero_si512();
            let (low, high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
            let first =
                _mm512_packs_epi32(by.sums(_mm512_unpacklo_epi8(low, zero)), by.sums(_mm512_unpackhi_epi8(low, zero)));
            let second = _mm512_packs_epi32(
                by.sums(_mm512_unpacklo_epi8(high, zero)),
                by.sums(_mm512_unpackhi_epi8(high, zero)),
            );
            _mm512_packus_epi16(_mm512_adds_epi16(first, by.offset), _mm512_adds_epi16(second, by.offset))
        })
    }
}

impl Weights {
    /// The sums of pairs before the offset; inlined into functions that have the instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn sums(self, pairs: __m512i) -> __m512i {
        register!({
            let low = _mm512_srai_epi32::<16>(_mm512_dpwssd_epi32(self.round, pairs, self.low));
            _mm512_srav_epi32(_mm512_dpwssd_epi32(low, pairs, self.high), self.shift)
        })
    }
}
