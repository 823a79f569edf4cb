//! QUANTIZE with Advanced SIMD, which has the specification's rounding: `fcvtas`, ties away from 0.
//!
//! What does not fit 32 bits saturates, and so does the addition of the zero point, so that it ends at the end of the range
//! as the specification has it; NaN becomes 0. The range is that of stored values, signed bytes, to which the last
//! instruction narrows.

use core::arch::aarch64::*;

use super::{BLOCK, Quantization};

/// See [`super::quantize`].
#[target_feature(enable = "neon")]
pub(super) fn quantize(by: &Quantization, input: &[u8], output: &mut [u8]) {
    let (scale, zero) = (vdupq_n_f32(by.scale), vdupq_n_s32(by.zero + by.offset));
    let whole = output.len().min(input.len() / 4) / BLOCK * BLOCK;
    for at in (0..whole).step_by(BLOCK) {
        let mut words = [vdupq_n_s32(0); 4];
        for (index, words) in words.iter_mut().enumerate() {
            // SAFETY: sixteen bytes of the input, which has four for each output.
            let floats = unsafe { vld1q_u8(input.as_ptr().add(4 * at + 16 * index)) };
            let quotients = vdivq_f32(vreinterpretq_f32_u8(floats), scale);
            *words = vqaddq_s32(vcvtaq_s32_f32(quotients), zero);
        }
        let low = vqmovn_high_s32(vqmovn_s32(words[0]), words[1]);
        let high = vqmovn_high_s32(vqmovn_s32(words[2]), words[3]);
        // SAFETY: sixteen bytes of the output.
        unsafe { vst1q_s8(output.as_mut_ptr().add(at).cast(), vqmovn_high_s16(vqmovn_s16(low), high)) }
    }
    super::quantize(by, &input[4 * whole..], &mut output[whole..]);
}
