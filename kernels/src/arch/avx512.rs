//! AVX-512 with VNNI: one `zmm` register holds the sixteen lanes.

use core::arch::x86_64::*;

use super::{Arch, Dot};
use crate::isa::Isa;

/// Proof that the CPU has AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Vnni(());

/// A register intrinsic, safe because `self` proves the CPU feature.
macro_rules! register {
    ($call:expr) => {
        // SAFETY: a register operation whose only condition is the CPU feature that `self` proves.
        unsafe { $call }
    };
}

/// Multipliers of sixteen channels for both signs.
#[derive(Clone, Copy)]
pub(crate) struct Rescale {
    mantissa: __m512i,
    mantissa_odd: __m512i,
    left: __m512i,
    right: __m512i,
    mask: __m512i,
    half: __m512i,
}

/// Doubled multipliers and rounding constants, so that the result is the high half of a 64-bit sum.
///
/// `(x·m + c) >> (31 + e)` is `high32(x·2m + 2c) >> e`; `2m < 2^32` and the sum stays below `2^64`.
#[derive(Clone, Copy)]
pub(crate) struct RescaleNonnegative {
    doubled: __m512i,
    doubled_odd: __m512i,
    round: __m512i,
    round_odd: __m512i,
    right: __m512i,
}

/// Bits of the lanes whose 64-bit products come from the odd halves.
const ODD: __mmask16 = 0xAAAA;
/// Bits of the other lanes.
const EVEN: __mmask16 = 0x5555;

impl Arch for Avx512Vnni {
    const ISA: Isa = Isa::Avx512Vnni;
    type I32 = __m512i;
    type Rescale = Rescale;
    type RescaleNonnegative = RescaleNonnegative;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[inline(always)]
    fn splat(self, value: i32) -> __m512i {
        register!(_mm512_set1_epi32(value))
    }

    #[inline(always)]
    unsafe fn load(self, source: *const i32) -> __m512i {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { _mm512_loadu_si512(source.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut i32, values: __m512i) {
        // SAFETY: the caller vouches for 64 writable bytes.
        unsafe { _mm512_storeu_si512(target.cast(), values) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> __m512i {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(source.cast())) }
    }

    #[inline(always)]
    unsafe fn load_bytes_in_order(self, source: *const u8, order: &[u8; 16]) -> __m512i {
        // SAFETY: the caller vouches for 16 readable bytes, and `order` has 16.
        let (bytes, order) = unsafe { (_mm_loadu_si128(source.cast()), _mm_loadu_si128(order.as_ptr().cast())) };
        register!(_mm512_cvtepu8_epi32(_mm_shuffle_epi8(bytes, order)))
    }

    #[inline(always)]
    unsafe fn sum_bytes(self, source: *const u8, count: usize) -> i32 {
        let zero = register!(_mm512_setzero_si512());
        let mut sums = zero;
        for at in (0..count / 64).map(|line| 64 * line) {
            // SAFETY: the caller vouches for `count` readable bytes.
            let bytes = unsafe { _mm512_loadu_si512(source.add(at).cast()) };
            sums = register!(_mm512_add_epi64(sums, _mm512_sad_epu8(bytes, zero)));
        }
        let mask = (1u64 << (count % 64)) - 1;
        // SAFETY: as above; masked-out bytes are not touched.
        let bytes = unsafe { _mm512_maskz_loadu_epi8(mask, source.add(count / 64 * 64).cast()) };
        register!(_mm512_reduce_add_epi64(_mm512_add_epi64(sums, _mm512_sad_epu8(bytes, zero)))) as i32
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, values: __m512i, count: usize) {
        let bytes = register!(_mm512_cvtepi32_epi8(values));
        if count == 16 {
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { _mm_storeu_si128(target.cast(), bytes) }
        } else {
            let mask = ((1u32 << count) - 1) as __mmask16;
            // SAFETY: as above; masked-out bytes are not touched.
            unsafe { _mm_mask_storeu_epi8(target.cast(), mask, bytes) }
        }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_add_epi32(a, b))
    }

    #[inline(always)]
    fn sub(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_sub_epi32(a, b))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m512i) -> __m512i {
        register!(_mm512_slli_epi32::<BITS>(a))
    }

    #[inline(always)]
    fn min(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_min_epi32(a, b))
    }

    #[inline(always)]
    fn max(self, a: __m512i, b: __m512i) -> __m512i {
        register!(_mm512_max_epi32(a, b))
    }

    #[inline(always)]
    fn mul_add_i16(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // The high halves of `a` are 0, so the pairwise sum is the low product.
        register!(_mm512_dpwssd_epi32(sum, a, b))
    }

    #[inline(always)]
    fn prepare_rescale(self, mantissa: __m512i, left: __m512i, right: __m512i) -> Rescale {
        register!({
            let one = _mm512_set1_epi32(1);
            let mask = _mm512_sub_epi32(_mm512_sllv_epi32(one, right), one);
            Rescale {
                mantissa,
                mantissa_odd: _mm512_srli_epi64::<32>(mantissa),
                left,
                right,
                mask,
                half: _mm512_srli_epi32::<1>(mask),
            }
        })
    }

    #[inline(always)]
    fn rescale(self, x: __m512i, by: Rescale) -> __m512i {
        register!({
            let x = _mm512_sllv_epi32(x, by.left);
            let nudge = _mm512_set1_epi64(1 << 30);
            let even = _mm512_mul_epi32(x, by.mantissa);
            let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(x), by.mantissa_odd);
            // The product's bits 31 to 62 land in the lane that they belong to.
            let even = _mm512_srli_epi64::<31>(_mm512_add_epi64(even, nudge));
            let odd = _mm512_slli_epi64::<1>(_mm512_add_epi64(odd, nudge));
            let high = _mm512_mask_blend_epi32(ODD, even, odd);
            let threshold = _mm512_add_epi32(by.half, _mm512_srli_epi32::<31>(high));
            let up = _mm512_cmpgt_epi32_mask(_mm512_and_si512(high, by.mask), threshold);
            let floor = _mm512_srav_epi32(high, by.right);
            _mm512_mask_sub_epi32(floor, up, floor, _mm512_set1_epi32(-1))
        })
    }

    #[inline(always)]
    fn prepare_rescale_nonnegative(self, mantissa: __m512i, right: __m512i) -> RescaleNonnegative {
        register!({
            let doubled = _mm512_slli_epi32::<1>(mantissa);
            // 2c = 2^31 + 2^(31 + e): the second term is 2^(e-1) in the high half, none when e is 0
            // (a shift count of -1 gives 0).
            let high = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(right, _mm512_set1_epi32(1)));
            let low = _mm512_set1_epi32(i32::MIN);
            RescaleNonnegative {
                doubled,
                doubled_odd: _mm512_srli_epi64::<32>(doubled),
                round: _mm512_mask_blend_epi32(ODD, low, _mm512_slli_epi64::<32>(high)),
                round_odd: _mm512_mask_blend_epi32(ODD, low, high),
                right,
            }
        })
    }

    #[inline(always)]
    fn rescale_nonnegative(self, x: __m512i, by: RescaleNonnegative) -> __m512i {
        register!({
            let even = _mm512_add_epi64(_mm512_mul_epu32(x, by.doubled), by.round);
            let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(x), by.doubled_odd);
            let odd = _mm512_add_epi64(odd, by.round_odd);
            let high = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, EVEN, even);
            _mm512_srlv_epi32(high, by.right)
        })
    }
}

impl Dot for Avx512Vnni {
    type Sums = __m512i;
    type Weights = __m512i;
    type Quad = __m512i;

    #[inline(always)]
    fn zero(self) -> __m512i {
        register!(_mm512_setzero_si512())
    }

    #[inline(always)]
    unsafe fn load_weights(self, source: *const i8) -> __m512i {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { _mm512_loadu_si512(source.cast()) }
    }

    #[inline(always)]
    unsafe fn load_quad(self, source: *const u8) -> __m512i {
        // SAFETY: the caller vouches for 4 readable bytes; the read is unaligned.
        let quad = unsafe { source.cast::<i32>().read_unaligned() };
        self.splat(quad)
    }

    #[inline(always)]
    fn dot(self, sums: __m512i, quad: __m512i, weights: __m512i) -> __m512i {
        register!(_mm512_dpbusd_epi32(sums, quad, weights))
    }

    #[inline(always)]
    fn lanes(self, sums: __m512i) -> __m512i {
        sums
    }
}
