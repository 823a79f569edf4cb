//! SSE4.1 with SSSE3: four `xmm` registers hold the sixteen lanes.
//!
//! The products are those of AVX2 with half the width, `pmaddubsw` and `pmaddwd`, so the packer's proofs for one hold for
//! the other. What these CPUs lack is a shift by a count for each lane. A multiplication stands in for it:
//!
//! ```text
//! v >> e = (((v + 2^31) · 2^(31-e)) >> 31) - 2^(31-e)        unsigned 64-bit products, e from 0 to 31
//! ```

use core::arch::x86_64::*;

use super::xmm::Xmm;
use crate::arch::register::register;
use crate::arch::{Arch, Clamp, InstructionSet, Kernel, LANES, Multipliers};
use crate::isa::Isa;

/// The same for all quarters of sixteen lanes; a macro because a closure that is not inlined would be compiled without
/// the instruction set.
macro_rules! quarters {
    ($quarter:ident => $value:expr) => {
        [
            {
                let $quarter = 0;
                $value
            },
            {
                let $quarter = 1;
                $value
            },
            {
                let $quarter = 2;
                $value
            },
            {
                let $quarter = 3;
                $value
            },
        ]
    };
}
pub(super) use quarters;

/// Proof that the CPU has SSSE3 and SSE4.1.
#[derive(Clone, Copy)]
pub(crate) struct Sse41(());

/// Lanes 0 to 3, 4 to 7, and so on.
pub(crate) type Quarters = [__m128i; 4];

/// Multipliers of sixteen channels for both signs.
#[derive(Clone, Copy)]
pub(crate) struct Rescale {
    mantissa: Quarters,
    /// Powers of two in place of the shifts to the left.
    left: Quarters,
    /// `2^(31-e)` of the shifts `e` to the right.
    right: Quarters,
    mask: Quarters,
}

/// Multipliers whose roundings are one floor; see [`Multipliers`].
#[derive(Clone, Copy)]
pub(crate) struct RescaleFast {
    mantissa: Quarters,
    round: Quarters,
    round_odd: Quarters,
    /// `2^(31-e)` of the shifts `e` to the right.
    factor: Quarters,
    /// All bits of the lanes with a right shift.
    shifted: Quarters,
}

/// Zero point and clamp; `None` where saturation to bytes is all.
pub(crate) type PreparedClamp = Option<[__m128i; 3]>;

impl InstructionSet for Sse41 {
    const ISA: Isa = Isa::Sse41;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[target_feature(enable = "ssse3,sse4.1")]
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

impl Xmm for Sse41 {}

impl Arch for Sse41 {
    type I32 = Quarters;
    type Rescale = Rescale;
    type RescaleFast = RescaleFast;
    type Clamp = PreparedClamp;
    type Narrow = Quarters;

    #[inline(always)]
    fn splat(self, value: i32) -> Quarters {
        [register!(_mm_set1_epi32(value)); 4]
    }

    #[inline(always)]
    unsafe fn load(self, source: *const i32) -> Quarters {
        // SAFETY: the caller vouches for 64 readable bytes.
        quarters!(i => unsafe { _mm_loadu_si128(source.add(4 * i).cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut i32, values: Quarters) {
        for (i, quarter) in values.into_iter().enumerate() {
            // SAFETY: the caller vouches for 64 writable bytes.
            unsafe { _mm_storeu_si128(target.add(4 * i).cast(), quarter) }
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> Quarters {
        // SAFETY: the caller vouches for 16 readable bytes.
        quarters!(i => unsafe { _mm_cvtepu8_epi32(_mm_cvtsi32_si128(source.add(4 * i).cast::<i32>().read_unaligned())) })
    }

    #[inline(always)]
    unsafe fn load_bytes_in_order(self, source: *const u8, order: &[u8; LANES]) -> Quarters {
        // SAFETY: the caller vouches for 16 readable bytes, and `order` has 16.
        let (bytes, order) = unsafe { (_mm_loadu_si128(source.cast()), _mm_loadu_si128(order.as_ptr().cast())) };
        register!({
            let bytes = _mm_shuffle_epi8(bytes, order);
            [
                _mm_cvtepu8_epi32(bytes),
                _mm_cvtepu8_epi32(_mm_srli_si128::<4>(bytes)),
                _mm_cvtepu8_epi32(_mm_srli_si128::<8>(bytes)),
                _mm_cvtepu8_epi32(_mm_srli_si128::<12>(bytes)),
            ]
        })
    }

    #[inline(always)]
    unsafe fn sum_bytes(self, source: *const u8, count: usize) -> i32 {
        let zero = register!(_mm_setzero_si128());
        let mut sums = zero;
        for at in (0..count / 16).map(|line| 16 * line) {
            // SAFETY: the caller vouches for `count` readable bytes.
            let bytes = unsafe { _mm_loadu_si128(source.add(at).cast()) };
            sums = register!(_mm_add_epi64(sums, _mm_sad_epu8(bytes, zero)));
        }
        let mut halves = [0i64; 2];
        // SAFETY: two values take the 16 bytes; the tail lies within `count`.
        let tail = unsafe {
            _mm_storeu_si128(halves.as_mut_ptr().cast(), sums);
            core::slice::from_raw_parts(source.add(count / 16 * 16), count % 16)
        };
        halves.iter().sum::<i64>() as i32 + tail.iter().map(|&byte| i32::from(byte)).sum::<i32>()
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, values: Quarters, count: usize) {
        let bytes = register!({
            let [a, b, c, d] = values;
            _mm_packus_epi16(_mm_packus_epi32(a, b), _mm_packus_epi32(c, d))
        });
        // SAFETY: the caller vouches for `count` writable bytes.
        unsafe { store_part(target, bytes, count) }
    }

    #[inline(always)]
    fn add(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(i => register!(_mm_add_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn sub(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(i => register!(_mm_sub_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: Quarters) -> Quarters {
        let bits = register!(_mm_cvtsi32_si128(BITS as i32));
        quarters!(i => register!(_mm_sll_epi32(a[i], bits)))
    }

    #[inline(always)]
    fn min(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(i => register!(_mm_min_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn max(self, a: Quarters, b: Quarters) -> Quarters {
        quarters!(i => register!(_mm_max_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn mul_add_i16(self, sum: Quarters, a: Quarters, b: Quarters) -> Quarters {
        // The high halves of `a` are 0, so the pairwise sum is the low product.
        quarters!(i => register!(_mm_add_epi32(sum[i], _mm_madd_epi16(a[i], b[i]))))
    }

    #[inline(always)]
    fn prepare_rescale(self, mantissa: Quarters, left: Quarters, right: Quarters) -> Rescale {
        register!({
            let one = _mm_set1_epi32(1);
            Rescale {
                mantissa,
                left: quarters!(i => power_of_two(left[i])),
                right: quarters!(i => power_of_two(_mm_sub_epi32(_mm_set1_epi32(31), right[i]))),
                mask: quarters!(i => _mm_sub_epi32(power_of_two(right[i]), one)),
            }
        })
    }

    #[inline(always)]
    fn rescale(self, x: Quarters, by: Rescale) -> Quarters {
        quarters!(i => {
            register!({
                let x = _mm_mullo_epi32(x[i], by.left[i]);
                let nudge = _mm_set1_epi64x(1 << 30);
                let even = _mm_mul_epi32(x, by.mantissa[i]);
                let odd = _mm_mul_epi32(_mm_srli_epi64::<32>(x), _mm_srli_epi64::<32>(by.mantissa[i]));
                let even = _mm_srli_epi64::<31>(_mm_add_epi64(even, nudge));
                let odd = _mm_slli_epi64::<1>(_mm_add_epi64(odd, nudge));
                let high = odd_lanes(even, odd);
                let half = _mm_srli_epi32::<1>(by.mask[i]);
                let threshold = _mm_add_epi32(half, _mm_srli_epi32::<31>(high));
                let up = _mm_cmpgt_epi32(_mm_and_si128(high, by.mask[i]), threshold);
                _mm_sub_epi32(shift_right(high, by.right[i]), up)
            })
        })
    }

    #[inline(always)]
    fn prepare_rescale_fast(self, multipliers: &Multipliers) -> RescaleFast {
        let Multipliers { mantissa, right, round, shift, .. } = multipliers;
        // SAFETY: the arrays have 64 bytes each.
        unsafe {
            let (right, shift) = (self.load(right.as_ptr()), self.load(shift.as_ptr()));
            RescaleFast {
                mantissa: self.load(mantissa.as_ptr()),
                round: self.load(round[0].as_ptr().cast()),
                round_odd: self.load(round[1].as_ptr().cast()),
                factor: quarters!(i => power_of_two(_mm_sub_epi32(_mm_set1_epi32(31), shift[i]))),
                shifted: quarters!(i => _mm_cmpgt_epi32(right[i], _mm_setzero_si128())),
            }
        }
    }

    #[inline(always)]
    fn rescale_clamped(self, x: Quarters, by: RescaleFast) -> Quarters {
        quarters!(i => {
            register!({
                // Negative lanes may become 0, and what is not negative is shifted as unsigned products.
                let x = _mm_max_epi32(x[i], _mm_setzero_si128());
                let [even, odd] = high_halves(x, by.mantissa[i], [by.round[i], by.round_odd[i]]);
                let even = _mm_srli_epi64::<31>(_mm_mul_epu32(_mm_srli_epi64::<32>(even), by.factor[i]));
                let factor_odd = _mm_srli_epi64::<32>(by.factor[i]);
                let odd = _mm_slli_epi64::<1>(_mm_mul_epu32(_mm_srli_epi64::<32>(odd), factor_odd));
                odd_lanes(even, odd)
            })
        })
    }

    #[inline(always)]
    fn rescale_small(self, x: Quarters, by: RescaleFast) -> Quarters {
        quarters!(i => {
            register!({
                let [even, odd] =
                    high_halves(_mm_add_epi32(x[i], x[i]), by.mantissa[i], [by.round[i], by.round_odd[i]]);
                let high = odd_lanes(_mm_srli_epi64::<32>(even), odd);
                let negative = _mm_and_si128(_mm_srai_epi32::<31>(x[i]), by.shifted[i]);
                shift_right(_mm_add_epi32(high, negative), by.factor[i])
            })
        })
    }

    #[inline(always)]
    fn prepare_clamp(self, clamp: Clamp) -> PreparedClamp {
        let Clamp { zero, min, max } = clamp;
        register!((clamp != Clamp { zero: 0, min: 0, max: 255 }).then_some([
            _mm_set1_epi16(zero as i16),
            _mm_set1_epi8(min as i8),
            _mm_set1_epi8(max as i8),
        ]))
    }

    #[inline(always)]
    fn narrow(self, values: [Quarters; 4], clamp: PreparedClamp) -> Quarters {
        quarters!(i => {
            register!({
                let [a, b, c, d] = values[i];
                let (mut low, mut high) = (_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
                match clamp {
                    None => _mm_packus_epi16(low, high),
                    Some([zero, min, max]) => {
                        low = _mm_adds_epi16(low, zero);
                        high = _mm_adds_epi16(high, zero);
                        _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(low, high), min), max)
                    }
                }
            })
        })
    }

    #[inline(always)]
    unsafe fn store_narrow<const PARTS: usize>(self, targets: [*mut u8; PARTS], bytes: Quarters, count: usize) {
        if count * PARTS == 64 {
            for (i, quarter) in bytes.into_iter().enumerate() {
                // SAFETY: the caller vouches for a whole part of each target.
                unsafe { _mm_storeu_si128(targets[i * PARTS / 4].add(16 * i % (64 / PARTS)).cast(), quarter) }
            }
            return;
        }
        let mut whole = [0u8; 64];
        for (i, quarter) in bytes.into_iter().enumerate() {
            // SAFETY: `whole` has 64 bytes.
            unsafe { _mm_storeu_si128(whole.as_mut_ptr().add(16 * i).cast(), quarter) }
        }
        for (part, target) in targets.into_iter().enumerate() {
            // SAFETY: `count` is at most a part, and the caller vouches for as many of each target.
            unsafe { core::ptr::copy_nonoverlapping(whole.as_ptr().add(part * 64 / PARTS), target, count) }
        }
    }
}

/// Stores the first `count` bytes of a register.
///
/// # Safety
/// `target` is valid for writes of `count` bytes; `count <= 16`.
#[inline(always)]
pub(super) unsafe fn store_part(target: *mut u8, bytes: __m128i, count: usize) {
    if count == 16 {
        // SAFETY: the caller vouches for `count` writable bytes.
        unsafe { _mm_storeu_si128(target.cast(), bytes) }
    } else {
        let mut whole = [0u8; 16];
        // SAFETY: `whole` has 16 bytes, and the caller vouches for `count` of `target`.
        unsafe {
            _mm_storeu_si128(whole.as_mut_ptr().cast(), bytes);
            core::ptr::copy_nonoverlapping(whole.as_ptr(), target, count);
        }
    }
}

/// `2^e` of each lane, as unsigned values; `e` from 0 to 31. A float with that exponent is converted, and what does not fit
/// `i32` becomes `2^31`, which is the bit that is wanted.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn power_of_two(exponent: __m128i) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let biased = _mm_add_epi32(exponent, _mm_set1_epi32(127));
        _mm_cvttps_epi32(_mm_castsi128_ps(_mm_slli_epi32::<23>(biased)))
    }
}

/// Even lanes of one, odd lanes of the other.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn odd_lanes(even: __m128i, odd: __m128i) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe { _mm_blend_epi16::<0b1100_1100>(even, odd) }
}

/// `x·m + round` of the even lanes and of the odd ones, in 64 bits.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn high_halves(x: __m128i, mantissa: __m128i, round: [__m128i; 2]) -> [__m128i; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let odd = _mm_mul_epi32(_mm_srli_epi64::<32>(x), _mm_srli_epi64::<32>(mantissa));
        [_mm_add_epi64(_mm_mul_epi32(x, mantissa), round[0]), _mm_add_epi64(odd, round[1])]
    }
}

/// `v >> e` of each lane, where `factor` is `2^(31-e)`.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn shift_right(v: __m128i, factor: __m128i) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let lifted = _mm_xor_si128(v, _mm_set1_epi32(i32::MIN));
        let even = _mm_srli_epi64::<31>(_mm_mul_epu32(lifted, factor));
        let odd = _mm_slli_epi64::<1>(_mm_mul_epu32(_mm_srli_epi64::<32>(lifted), _mm_srli_epi64::<32>(factor)));
        _mm_sub_epi32(odd_lanes(even, odd), factor)
    }
}
