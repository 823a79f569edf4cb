//! AVX-512 with VNNI: one `zmm` register holds the sixteen lanes.

use core::arch::x86_64::*;

use crate::arch::register::register;
use crate::arch::{Arch, Clamp, Dot, FloatMultipliers, InstructionSet, Kernel, Multipliers};
use crate::isa::Isa;

/// Proof that the CPU has AVX-512 F, BW, DQ, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Vnni(());

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

/// Multipliers whose roundings are one floor; see [`Multipliers`].
#[derive(Clone, Copy)]
pub(crate) struct RescaleFast {
    mantissa: __m512i,
    mantissa_odd: __m512i,
    round: __m512i,
    round_odd: __m512i,
    shift: __m512i,
    /// Lanes with a right shift.
    shifted: __mmask16,
}

/// Zero point and clamp; `None` where saturation to bytes is all.
pub(crate) type PreparedClamp = Option<[__m512i; 3]>;

/// Bits of the lanes whose 64-bit products come from the odd halves.
const ODD: __mmask16 = 0xAAAA;
/// Bits of the other lanes.
const EVEN: __mmask16 = 0x5555;

impl InstructionSet for Avx512Vnni {
    const ISA: Isa = Isa::Avx512Vnni;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

impl Arch for Avx512Vnni {
    type I32 = __m512i;
    type Rescale = Rescale;
    type RescaleFast = RescaleFast;
    type Clamp = PreparedClamp;
    type Narrow = __m512i;

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
    fn prepare_rescale_fast(self, multipliers: &Multipliers) -> RescaleFast {
        let Multipliers { mantissa, right, round, shift, .. } = multipliers;
        // SAFETY: the arrays have 64 bytes each.
        unsafe {
            let mantissa = self.load(mantissa.as_ptr());
            RescaleFast {
                mantissa,
                mantissa_odd: _mm512_srli_epi64::<32>(mantissa),
                round: self.load(round[0].as_ptr().cast()),
                round_odd: self.load(round[1].as_ptr().cast()),
                shift: self.load(shift.as_ptr()),
                shifted: _mm512_cmpgt_epi32_mask(self.load(right.as_ptr()), _mm512_setzero_si512()),
            }
        }
    }

    #[inline(always)]
    fn rescale_clamped(self, x: __m512i, by: RescaleFast) -> __m512i {
        register!(_mm512_srav_epi32(high_halves(x, by), by.shift))
    }

    #[inline(always)]
    fn rescale_small(self, x: __m512i, by: RescaleFast) -> __m512i {
        register!({
            let negative = _mm512_maskz_srai_epi32::<31>(by.shifted, x);
            let high = high_halves(_mm512_add_epi32(x, x), by);
            _mm512_srav_epi32(_mm512_add_epi32(high, negative), by.shift)
        })
    }

    const FLOAT_DEPTH: usize = 320;

    #[inline(always)]
    fn rescale_float<const SIGNED: bool>(self, x: __m512i, by: &FloatMultipliers) -> __m512i {
        // SAFETY: the arrays have sixteen values each.
        let [scale, offset, negative] = unsafe {
            [by.scale.as_ptr(), by.offsets[0].as_ptr(), by.offsets[1].as_ptr()].map(|at| _mm512_loadu_ps(at))
        };
        register!({
            let offset = if SIGNED { _mm512_mask_mov_ps(offset, _mm512_movepi32_mask(x), negative) } else { offset };
            _mm512_cvttps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(x), scale, offset))
        })
    }

    #[inline(always)]
    fn prepare_clamp(self, clamp: Clamp) -> PreparedClamp {
        let Clamp { zero, min, max } = clamp;
        register!((clamp != Clamp { zero: 0, min: 0, max: 255 }).then_some([
            _mm512_set1_epi16(zero as i16),
            _mm512_set1_epi8(min as i8),
            _mm512_set1_epi8(max as i8),
        ]))
    }

    #[inline(always)]
    fn narrow(self, values: [__m512i; 4], clamp: PreparedClamp) -> __m512i {
        let [a, b, c, d] = values;
        register!({
            let (mut low, mut high) = (_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
            let bytes = match clamp {
                None => _mm512_packus_epi16(low, high),
                Some([zero, min, max]) => {
                    low = _mm512_adds_epi16(low, zero);
                    high = _mm512_adds_epi16(high, zero);
                    _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low, high), min), max)
                }
            };
            // Packing works within quarters of the registers: dword 4q + v has columns 4q to 4q + 3 of vector v.
            let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
            _mm512_permutexvar_epi32(order, bytes)
        })
    }

    #[inline(always)]
    unsafe fn store_narrow<const PARTS: usize>(self, targets: [*mut u8; PARTS], bytes: __m512i, count: usize) {
        for (index, target) in targets.into_iter().enumerate() {
            let part = register!(match (PARTS, index) {
                (_, 0) => bytes,
                (2, _) => _mm512_castsi256_si512(_mm512_extracti64x4_epi64::<1>(bytes)),
                (_, 1) => _mm512_castsi128_si512(_mm512_extracti32x4_epi32::<1>(bytes)),
                (_, 2) => _mm512_castsi128_si512(_mm512_extracti32x4_epi32::<2>(bytes)),
                _ => _mm512_castsi128_si512(_mm512_extracti32x4_epi32::<3>(bytes)),
            });
            // SAFETY: the caller vouches for `count` writable bytes of each; masked-out bytes are not touched.
            unsafe {
                match (PARTS, count) {
                    (1, 64) => _mm512_storeu_si512(target.cast(), part),
                    (2, 32) => _mm256_storeu_si256(target.cast(), _mm512_castsi512_si256(part)),
                    (4, 16) => _mm_storeu_si128(target.cast(), _mm512_castsi512_si128(part)),
                    _ => _mm512_mask_storeu_epi8(target.cast(), u64::MAX >> (64 - count), part),
                }
            }
        }
    }
}

/// The high halves of `x·m + round`, lane by lane.
#[inline(always)]
fn high_halves(x: __m512i, by: RescaleFast) -> __m512i {
    register!({
        let even = _mm512_add_epi64(_mm512_mul_epi32(x, by.mantissa), by.round);
        let odd = _mm512_mul_epi32(_mm512_srli_epi64::<32>(x), by.mantissa_odd);
        let odd = _mm512_add_epi64(odd, by.round_odd);
        _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, EVEN, even)
    })
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
    fn begin(self, values: __m512i) -> __m512i {
        values
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
