//! QUANTIZE with Advanced SIMD, which has the specification's rounding: `fcvtas`, ties away from 0.
//!
//! What does not fit 32 bits saturates, and so does the addition of the zero point, so that it ends at the end of the range
//! as the specification has it; NaN becomes 0. The range is that of stored values, signed bytes, to which the last
//! instruction narrows.

use core::arch::aarch64::*;

use super::floats::{BLOCK, Floats, quantize};
use crate::arch::register::register;
use crate::arch::{Kernel, Neon};

/// The conversion that rounds by instructions.
pub(super) struct Rounding;

impl Kernel<Neon> for Rounding {
    type Call<'a> = Floats<'a>;

    /// # Safety
    /// As [`FloatsFn`](super::floats::FloatsFn), in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: Neon, call: &Floats<'_>) {
        let (scale, zero) = register!((vdupq_n_f32(call.by.scale), vdupq_n_s32(call.by.zero + call.by.offset)));
        let whole = call.len / BLOCK * BLOCK;
        for at in (0..whole).step_by(BLOCK) {
            let mut words = [register!(vdupq_n_s32(0)); 4];
            for (index, words) in words.iter_mut().enumerate() {
                // SAFETY: sixteen bytes of the input, which has four for each output; the CPU has the instructions.
                *words = unsafe {
                    let floats = vld1q_u8(call.input.add(4 * at + 16 * index));
                    let quotients = vdivq_f32(vreinterpretq_f32_u8(floats), scale);
                    vqaddq_s32(vcvtaq_s32_f32(quotients), zero)
                };
            }
            // SAFETY: sixteen bytes of the output; the CPU has the instructions.
            unsafe {
                let low = vqmovn_high_s32(vqmovn_s32(words[0]), words[1]);
                let high = vqmovn_high_s32(vqmovn_s32(words[2]), words[3]);
                vst1q_s8(call.output.add(at).cast(), vqmovn_high_s16(vqmovn_s16(low), high));
            }
        }
        // SAFETY: the caller's promise, for what is left.
        unsafe { quantize(call, whole) }
    }
}
