//! AVX2, with FMA: two `ymm` registers hold the sixteen lanes.
//!
//! The dot product of AVX2 itself is `vpmaddubsw`, whose 16-bit pair sums saturate, then `vpmaddwd`
//! with ones. It is exact for weight pairs whose positive parts sum to at most 128 and whose negative
//! parts sum to at least -128 (`255 · 128 < 2^15`); the packer splits all other weights in two.
//! CPUs with AVX-VNNI do it in one instruction, always exact.

use core::arch::x86_64::*;
use core::marker::PhantomData;

use super::halves::both;
#[cfg(test)]
use super::products::VnniByVl;
use super::products::{PairSums, Product, Vnni};
use crate::arch::register::register;
use crate::arch::{Arch, Clamp, FloatMultipliers, InstructionSet, Kernel, Multipliers};
use crate::isa::Isa;

/// Proof that the CPU has AVX2 and FMA, and what the product `P` needs beyond it.
#[derive(Clone, Copy)]
pub(crate) struct Ymm<P>(PhantomData<P>);

/// AVX2 alone.
pub(crate) type Avx2 = Ymm<PairSums>;
/// AVX2 and AVX-VNNI.
pub(crate) type AvxVnni = Ymm<Vnni>;
/// [`AvxVnni`] with the same instruction as AVX-512 VL encodes it, for CPUs that have only that one.
#[cfg(test)]
pub(crate) type AvxVnniByVl = Ymm<VnniByVl>;

/// Lanes 0 to 7 and 8 to 15.
pub(crate) type Pair = [__m256i; 2];

/// Multipliers of sixteen channels for both signs.
#[derive(Clone, Copy)]
pub(crate) struct Rescale {
    mantissa: Pair,
    left: Pair,
    right: Pair,
    mask: Pair,
}

/// Multipliers whose roundings are one floor; see [`Multipliers`].
#[derive(Clone, Copy)]
pub(crate) struct RescaleFast {
    mantissa: Pair,
    round: Pair,
    round_odd: Pair,
    shift: Pair,
    /// All bits of the lanes with a right shift.
    shifted: Pair,
}

/// Zero point and clamp; `None` where saturation to bytes is all.
pub(crate) type PreparedClamp = Option<[__m256i; 3]>;

/// Selects the odd lanes in a blend.
const ODD: i32 = 0xAA;

/// An instruction set of two `ymm` registers, by its features and its product.
macro_rules! instruction_set {
    ($isa:expr, $features:literal, $product:ty) => {
        impl InstructionSet for Ymm<$product> {
            const ISA: Isa = $isa;

            #[inline(always)]
            unsafe fn assume() -> Self {
                Self(PhantomData)
            }

            #[target_feature(enable = $features)]
            unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
                // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
                unsafe { K::run(Self::assume(), call) }
            }
        }
    };
}
instruction_set!(Isa::Avx2, "avx2,fma", PairSums);
instruction_set!(Isa::AvxVnni, "avx2,fma,avxvnni", Vnni);
#[cfg(test)]
instruction_set!(Isa::AvxVnni, "avx2,fma,avx512f,avx512vl,avx512vnni", VnniByVl);

impl<P: Product> Arch for Ymm<P>
where
    Self: InstructionSet,
{
    type I32 = Pair;
    type Rescale = Rescale;
    type RescaleFast = RescaleFast;
    type Clamp = PreparedClamp;
    type Narrow = Pair;

    #[inline(always)]
    fn splat(self, value: i32) -> Pair {
        [register!(_mm256_set1_epi32(value)); 2]
    }

    #[inline(always)]
    unsafe fn load(self, source: *const i32) -> Pair {
        // SAFETY: the caller vouches for 64 readable bytes.
        both!(i => unsafe { _mm256_loadu_si256(source.add(8 * i).cast()) })
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut i32, values: Pair) {
        for (i, half) in values.into_iter().enumerate() {
            // SAFETY: the caller vouches for 64 writable bytes.
            unsafe { _mm256_storeu_si256(target.add(8 * i).cast(), half) }
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> Pair {
        // SAFETY: the caller vouches for 16 readable bytes.
        both!(i => unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(source.add(8 * i).cast())) })
    }

    #[inline(always)]
    unsafe fn load_bytes_in_order(self, source: *const u8, order: &[u8; 16]) -> Pair {
        // SAFETY: the caller vouches for 16 readable bytes, and `order` has 16.
        let (bytes, order) = unsafe { (_mm_loadu_si128(source.cast()), _mm_loadu_si128(order.as_ptr().cast())) };
        register!({
            let bytes = _mm_shuffle_epi8(bytes, order);
            [_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128::<8>(bytes))]
        })
    }

    #[inline(always)]
    unsafe fn sum_bytes(self, source: *const u8, count: usize) -> i32 {
        let zero = register!(_mm256_setzero_si256());
        let mut sums = zero;
        for at in (0..count / 32).map(|line| 32 * line) {
            // SAFETY: the caller vouches for `count` readable bytes.
            let bytes = unsafe { _mm256_loadu_si256(source.add(at).cast()) };
            sums = register!(_mm256_add_epi64(sums, _mm256_sad_epu8(bytes, zero)));
        }
        let mut quarters = [0i64; 4];
        // SAFETY: four values take the 32 bytes; the tail lies within `count`.
        let tail = unsafe {
            _mm256_storeu_si256(quarters.as_mut_ptr().cast(), sums);
            core::slice::from_raw_parts(source.add(count / 32 * 32), count % 32)
        };
        quarters.iter().sum::<i64>() as i32 + tail.iter().map(|&byte| i32::from(byte)).sum::<i32>()
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, values: Pair, count: usize) {
        let bytes = register!({
            let words = _mm256_packus_epi32(values[0], values[1]);
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words))
        });
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

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        both!(i => register!(_mm256_add_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        both!(i => register!(_mm256_sub_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: Pair) -> Pair {
        let bits = register!(_mm256_set1_epi32(BITS as i32));
        both!(i => register!(_mm256_sllv_epi32(a[i], bits)))
    }

    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        both!(i => register!(_mm256_min_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        both!(i => register!(_mm256_max_epi32(a[i], b[i])))
    }

    #[inline(always)]
    fn mul_add_i16(self, sum: Pair, a: Pair, b: Pair) -> Pair {
        // The high halves of `a` are 0, so the pairwise sum is the low product.
        both!(i => register!(_mm256_add_epi32(sum[i], _mm256_madd_epi16(a[i], b[i]))))
    }

    #[inline(always)]
    fn prepare_rescale(self, mantissa: Pair, left: Pair, right: Pair) -> Rescale {
        let mask = both!(i => {
            register!({
                let one = _mm256_set1_epi32(1);
                _mm256_sub_epi32(_mm256_sllv_epi32(one, right[i]), one)
            })
        });
        Rescale { mantissa, left, right, mask }
    }

    #[inline(always)]
    fn rescale(self, x: Pair, by: Rescale) -> Pair {
        both!(i => {
            register!({
                let x = _mm256_sllv_epi32(x[i], by.left[i]);
                let nudge = _mm256_set1_epi64x(1 << 30);
                let even = _mm256_mul_epi32(x, by.mantissa[i]);
                let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(x), _mm256_srli_epi64::<32>(by.mantissa[i]));
                let even = _mm256_srli_epi64::<31>(_mm256_add_epi64(even, nudge));
                let odd = _mm256_slli_epi64::<1>(_mm256_add_epi64(odd, nudge));
                let high = _mm256_blend_epi32::<ODD>(even, odd);
                let half = _mm256_srli_epi32::<1>(by.mask[i]);
                let threshold = _mm256_add_epi32(half, _mm256_srli_epi32::<31>(high));
                let up = _mm256_cmpgt_epi32(_mm256_and_si256(high, by.mask[i]), threshold);
                _mm256_sub_epi32(_mm256_srav_epi32(high, by.right[i]), up)
            })
        })
    }

    #[inline(always)]
    fn prepare_rescale_fast(self, multipliers: &Multipliers) -> RescaleFast {
        let Multipliers { mantissa, right, round, shift, .. } = multipliers;
        // SAFETY: the arrays have 64 bytes each.
        unsafe {
            let right = self.load(right.as_ptr());
            RescaleFast {
                mantissa: self.load(mantissa.as_ptr()),
                round: self.load(round[0].as_ptr().cast()),
                round_odd: self.load(round[1].as_ptr().cast()),
                shift: self.load(shift.as_ptr()),
                shifted: both!(i => _mm256_cmpgt_epi32(right[i], _mm256_setzero_si256())),
            }
        }
    }

    #[inline(always)]
    fn rescale_clamped(self, x: Pair, by: RescaleFast) -> Pair {
        let high = high_halves(x, by);
        both!(i => register!(_mm256_srav_epi32(high[i], by.shift[i])))
    }

    #[inline(always)]
    fn rescale_small(self, x: Pair, by: RescaleFast) -> Pair {
        let high = high_halves(self.add(x, x), by);
        both!(i => {
            register!({
                let negative = _mm256_and_si256(_mm256_srai_epi32::<31>(x[i]), by.shifted[i]);
                _mm256_srav_epi32(_mm256_add_epi32(high[i], negative), by.shift[i])
            })
        })
    }

    const FLOAT_DEPTH: usize = 1024;

    #[inline(always)]
    fn rescale_float<const SIGNED: bool>(self, x: Pair, by: &FloatMultipliers) -> Pair {
        both!(i => {
            // SAFETY: the arrays have sixteen values each.
            let [scale, offset, negative] = unsafe {
                let [offset, negative] = [by.offsets[0].as_ptr().add(8 * i), by.offsets[1].as_ptr().add(8 * i)];
                [_mm256_loadu_ps(by.scale.as_ptr().add(8 * i)), _mm256_loadu_ps(offset), _mm256_loadu_ps(negative)]
            };
            register!({
                let sign = _mm256_castsi256_ps(x[i]);
                let offset = if SIGNED { _mm256_blendv_ps(offset, negative, sign) } else { offset };
                _mm256_cvttps_epi32(_mm256_fmadd_ps(_mm256_cvtepi32_ps(x[i]), scale, offset))
            })
        })
    }

    #[inline(always)]
    fn prepare_clamp(self, clamp: Clamp) -> PreparedClamp {
        let Clamp { zero, min, max } = clamp;
        register!((clamp != Clamp { zero: 0, min: 0, max: 255 }).then_some([
            _mm256_set1_epi16(zero as i16),
            _mm256_set1_epi8(min as i8),
            _mm256_set1_epi8(max as i8),
        ]))
    }

    #[inline(always)]
    fn narrow(self, values: [Pair; 4], clamp: PreparedClamp) -> Pair {
        both!(i => {
            register!({
                let [a, b] = [values[2 * i], values[2 * i + 1]];
                let (mut low, mut high) = (_mm256_packs_epi32(a[0], a[1]), _mm256_packs_epi32(b[0], b[1]));
                let bytes = match clamp {
                    None => _mm256_packus_epi16(low, high),
                    Some([zero, min, max]) => {
                        low = _mm256_adds_epi16(low, zero);
                        high = _mm256_adds_epi16(high, zero);
                        _mm256_min_epu8(_mm256_max_epu8(_mm256_packus_epi16(low, high), min), max)
                    }
                };
                // Packing works within halves of the registers, and halves hold columns 0 to 3 and 8 to 11, or
                // the others.
                _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
            })
        })
    }

    #[inline(always)]
    unsafe fn store_narrow<const PARTS: usize>(self, targets: [*mut u8; PARTS], bytes: Pair, count: usize) {
        if count * PARTS != 64 {
            let mut whole = [0u8; 64];
            for (i, half) in bytes.into_iter().enumerate() {
                // SAFETY: `whole` has 64 bytes.
                unsafe { _mm256_storeu_si256(whole.as_mut_ptr().add(32 * i).cast(), half) }
            }
            for (part, target) in targets.into_iter().enumerate() {
                // SAFETY: `count` is at most a part, and the caller vouches for as many of each target.
                unsafe { core::ptr::copy_nonoverlapping(whole.as_ptr().add(part * 64 / PARTS), target, count) }
            }
            return;
        }
        for (part, target) in targets.into_iter().enumerate() {
            let half = bytes[part * 2 / PARTS];
            // SAFETY: the caller vouches for a whole part of each target.
            unsafe {
                match (PARTS, part % 2) {
                    (1, _) => {
                        _mm256_storeu_si256(target.cast(), bytes[0]);
                        _mm256_storeu_si256(target.add(32).cast(), bytes[1]);
                    }
                    (2, _) => _mm256_storeu_si256(target.cast(), half),
                    (_, 0) => _mm_storeu_si128(target.cast(), _mm256_castsi256_si128(half)),
                    _ => _mm_storeu_si128(target.cast(), _mm256_extracti128_si256::<1>(half)),
                }
            }
        }
    }
}

/// The high halves of `x·m + round`, lane by lane.
#[inline(always)]
fn high_halves(x: Pair, by: RescaleFast) -> Pair {
    both!(i => {
        register!({
            let even = _mm256_add_epi64(_mm256_mul_epi32(x[i], by.mantissa[i]), by.round[i]);
            let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(x[i]), _mm256_srli_epi64::<32>(by.mantissa[i]));
            let odd = _mm256_add_epi64(odd, by.round_odd[i]);
            _mm256_blend_epi32::<ODD>(_mm256_srli_epi64::<32>(even), odd)
        })
    })
}
