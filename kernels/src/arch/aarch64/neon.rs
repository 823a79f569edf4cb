//! Advanced SIMD of Armv8.0: four `q` registers hold the sixteen lanes, activations are signed.

use core::arch::aarch64::*;

use crate::arch::register::register;
use crate::arch::{Arch, Clamp, InstructionSet, Kernel, Multipliers, Wide};
use crate::isa::Isa;

/// Proof that the CPU has Advanced SIMD, which every aarch64 target of this crate has.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

/// Lanes in fours.
pub(crate) type Quarters = [int32x4_t; 4];

/// Multipliers of sixteen channels.
#[derive(Clone, Copy)]
pub(crate) struct Rescale {
    mantissa: Quarters,
    left: Quarters,
    /// Negated right shifts, as `srshl` takes them.
    right: Quarters,
    /// -1 where there is a right shift, else 0.
    shifted: Quarters,
}

/// Zero point and clamp.
#[derive(Clone, Copy)]
pub(crate) struct PreparedClamp {
    zero: int16x8_t,
    min: int8x16_t,
    max: int8x16_t,
}

#[inline(always)]
fn each(f: impl Fn(usize) -> int32x4_t) -> Quarters {
    [f(0), f(1), f(2), f(3)]
}

#[inline(always)]
fn widen(bytes: int8x16_t) -> Quarters {
    register!({
        let low = vmovl_s8(vget_low_s8(bytes));
        let high = vmovl_high_s8(bytes);
        [vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)]
    })
}

/// Stores the first `count` bytes: eight, four, two and one, as they are in `count`.
///
/// # Safety
/// `target` is valid for writes of `count` bytes; `count <= 16`.
#[inline(always)]
pub(super) unsafe fn store_first(target: *mut u8, bytes: int8x16_t, count: usize) {
    // SAFETY: the caller vouches for the bytes; each part begins where those before it end.
    unsafe {
        if count == 16 {
            return vst1q_s8(target.cast(), bytes);
        }
        let (mut target, mut rest) = (target, vreinterpretq_u64_s8(bytes));
        if count & 8 != 0 {
            target.cast::<u64>().write_unaligned(vgetq_lane_u64::<0>(rest));
            (target, rest) = (target.wrapping_add(8), vextq_u64::<1>(rest, rest));
        }
        let mut rest = vgetq_lane_u64::<0>(rest);
        if count & 4 != 0 {
            target.cast::<u32>().write_unaligned(rest as u32);
            (target, rest) = (target.wrapping_add(4), rest >> 32);
        }
        if count & 2 != 0 {
            target.cast::<u16>().write_unaligned(rest as u16);
            (target, rest) = (target.wrapping_add(2), rest >> 16);
        }
        if count & 1 != 0 {
            target.write(rest as u8);
        }
    }
}

impl InstructionSet for Neon {
    const ISA: Isa = Isa::Neon;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    #[target_feature(enable = "neon")]
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

impl Arch for Neon {
    type I32 = Quarters;
    type Rescale = Rescale;
    type RescaleFast = Rescale;
    type Clamp = PreparedClamp;
    type Narrow = [int8x16_t; 4];

    #[inline(always)]
    fn splat(self, value: i32) -> Quarters {
        each(|_| register!(vdupq_n_s32(value)))
    }

    #[inline(always)]
    unsafe fn load(self, source: *const i32) -> Quarters {
        // SAFETY: the caller vouches for 16 readable values.
        each(|i| unsafe { vld1q_s32(source.add(4 * i)) })
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut i32, values: Quarters) {
        for (i, quarter) in values.into_iter().enumerate() {
            // SAFETY: the caller vouches for 16 writable values.
            unsafe { vst1q_s32(target.add(4 * i), quarter) }
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> Quarters {
        // SAFETY: the caller vouches for 16 readable bytes.
        widen(unsafe { vld1q_s8(source.cast()) })
    }

    #[inline(always)]
    unsafe fn load_bytes_in_order(self, source: *const u8, order: &[u8; 16]) -> Quarters {
        // SAFETY: the caller vouches for 16 readable bytes, and `order` has 16.
        let (bytes, order) = unsafe { (vld1q_s8(source.cast()), vld1q_u8(order.as_ptr())) };
        widen(register!(vqtbl1q_s8(bytes, order)))
    }

    #[inline(always)]
    unsafe fn sum_bytes(self, source: *const u8, count: usize) -> i32 {
        let mut sums = register!(vdupq_n_s32(0));
        for at in (0..count / 16).map(|vector| 16 * vector) {
            // SAFETY: the caller vouches for `count` readable bytes.
            let bytes = unsafe { vld1q_s8(source.add(at).cast()) };
            sums = register!(vpadalq_s16(sums, vpaddlq_s8(bytes)));
        }
        // SAFETY: the tail lies within `count`.
        let tail = unsafe { core::slice::from_raw_parts(source.add(count / 16 * 16).cast::<i8>(), count % 16) };
        register!(vaddvq_s32(sums)) + tail.iter().map(|&byte| i32::from(byte)).sum::<i32>()
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, values: Quarters, count: usize) {
        let bytes = register!({
            let low = vmovn_high_s32(vmovn_s32(values[0]), values[1]);
            let high = vmovn_high_s32(vmovn_s32(values[2]), values[3]);
            vmovn_high_s16(vmovn_s16(low), high)
        });
        // SAFETY: the caller vouches for `count` writable bytes.
        unsafe { store_first(target, bytes, count) }
    }

    #[inline(always)]
    fn add(self, a: Quarters, b: Quarters) -> Quarters {
        each(|i| register!(vaddq_s32(a[i], b[i])))
    }

    #[inline(always)]
    fn sub(self, a: Quarters, b: Quarters) -> Quarters {
        each(|i| register!(vsubq_s32(a[i], b[i])))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: Quarters) -> Quarters {
        let bits = register!(vdupq_n_s32(BITS as i32));
        each(|i| register!(vshlq_s32(a[i], bits)))
    }

    #[inline(always)]
    fn min(self, a: Quarters, b: Quarters) -> Quarters {
        each(|i| register!(vminq_s32(a[i], b[i])))
    }

    #[inline(always)]
    fn max(self, a: Quarters, b: Quarters) -> Quarters {
        each(|i| register!(vmaxq_s32(a[i], b[i])))
    }

    #[inline(always)]
    fn mul_add_i16(self, sum: Quarters, a: Quarters, b: Quarters) -> Quarters {
        each(|i| register!(vmlaq_s32(sum[i], a[i], b[i])))
    }

    #[inline(always)]
    fn prepare_rescale(self, mantissa: Quarters, left: Quarters, right: Quarters) -> Rescale {
        let shifted = each(|i| register!(vreinterpretq_s32_u32(vcgtzq_s32(right[i]))));
        Rescale { mantissa, left, right: each(|i| register!(vnegq_s32(right[i]))), shifted }
    }

    #[inline(always)]
    fn rescale(self, x: Quarters, by: Rescale) -> Quarters {
        each(|i| {
            register!({
                let high = vqrdmulhq_s32(vshlq_s32(x[i], by.left[i]), by.mantissa[i]);
                // `srshl` rounds ties up; taking 1 from negative values first sends ties away from 0.
                let negative = vandq_s32(vshrq_n_s32::<31>(high), by.shifted[i]);
                vrshlq_s32(vqaddq_s32(high, negative), by.right[i])
            })
        })
    }

    #[inline(always)]
    fn prepare_rescale_fast(self, multipliers: &Multipliers) -> Rescale {
        let Multipliers { mantissa, left, right, .. } = multipliers;
        // SAFETY: the arrays have sixteen values each.
        let (mantissa, left, right) =
            unsafe { (self.load(mantissa.as_ptr()), self.load(left.as_ptr()), self.load(right.as_ptr())) };
        self.prepare_rescale(mantissa, left, right)
    }

    #[inline(always)]
    fn rescale_clamped(self, x: Quarters, by: Rescale) -> Quarters {
        each(|i| register!(vrshlq_s32(vqrdmulhq_s32(x[i], by.mantissa[i]), by.right[i])))
    }

    #[inline(always)]
    fn rescale_small(self, x: Quarters, by: Rescale) -> Quarters {
        each(|i| {
            register!({
                let high = vqrdmulhq_s32(x[i], by.mantissa[i]);
                let negative = vandq_s32(vshrq_n_s32::<31>(high), by.shifted[i]);
                vrshlq_s32(vaddq_s32(high, negative), by.right[i])
            })
        })
    }

    #[inline(always)]
    fn prepare_clamp(self, clamp: Clamp) -> PreparedClamp {
        register!(PreparedClamp {
            zero: vdupq_n_s16(clamp.zero as i16),
            min: vdupq_n_s8(clamp.min as i8),
            max: vdupq_n_s8(clamp.max as i8),
        })
    }

    #[inline(always)]
    fn narrow(self, values: [Quarters; 4], clamp: PreparedClamp) -> [int8x16_t; 4] {
        values.map(|value| {
            register!({
                let low = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(value[0]), value[1]), clamp.zero);
                let high = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(value[2]), value[3]), clamp.zero);
                let bytes = vqmovn_high_s16(vqmovn_s16(low), high);
                vminq_s8(vmaxq_s8(bytes, clamp.min), clamp.max)
            })
        })
    }

    #[inline(always)]
    unsafe fn store_narrow<const PARTS: usize>(self, targets: [*mut u8; PARTS], bytes: [int8x16_t; 4], count: usize) {
        for (part, target) in targets.into_iter().enumerate() {
            for within in 0..4 / PARTS {
                let count = count.saturating_sub(16 * within).min(16);
                // SAFETY: the caller vouches for the part's bytes.
                unsafe { self.store_wide(target.add(16 * within), bytes[part * 4 / PARTS + within], count) }
            }
        }
    }
}
