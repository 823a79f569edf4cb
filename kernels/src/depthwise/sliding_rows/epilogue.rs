//! From the sums of eight channels to bytes.
//!
//! Biases and clamps are loaded for each output, and multipliers where they do not fit, which leaves the registers to
//! weights and columns.

use core::arch::aarch64::*;

/// Channels of a tile.
pub(super) const CHANNELS: usize = 8;

/// Negative sums become the least output, and all scaled sums fit 16 bits.
pub(super) const CLAMPED_SMALL: usize = 0;
/// Negative sums become the least output.
pub(super) const CLAMPED: usize = 1;
/// Both signs.
pub(super) const ROUNDED: usize = 2;
/// Forms of an epilogue, above.
pub(super) const FORMS: usize = 3;

/// From sums to outputs.
#[repr(C, align(64))]
pub(super) struct RowEpilogue {
    pub(super) bias: [i32; CHANNELS],
    pub(super) mantissa: [i32; CHANNELS],
    /// Right shifts, negated as `srshl` takes them.
    pub(super) shift: [i32; CHANNELS],
    /// The sign bit where there is a right shift, whose ties go away from 0.
    pub(super) ties: [i32; CHANNELS],
    /// Added to scaled sums: the zero point less the least output.
    pub(super) lift: [i16; CHANNELS],
    /// The greatest output less the least one.
    pub(super) span: [u8; 16],
    /// The least output.
    pub(super) least: [u8; 16],
}

/// Multipliers and shifts of eight channels.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    mantissa: [int32x4_t; 2],
    shift: [int32x4_t; 2],
}

impl Scale {
    #[inline(always)]
    pub(super) fn new(epilogue: &RowEpilogue) -> Self {
        let (mantissa, shift) = (epilogue.mantissa.as_ptr(), epilogue.shift.as_ptr());
        // SAFETY: Advanced SIMD is there; the arrays have eight values.
        unsafe {
            Self {
                mantissa: [vld1q_s32(mantissa), vld1q_s32(mantissa.add(4))],
                shift: [vld1q_s32(shift), vld1q_s32(shift.add(4))],
            }
        }
    }
}

/// Sums as stored bytes.
#[inline(always)]
pub(super) fn finish<const OUT: usize, const FORM: usize>(
    sums: [[int32x4_t; 2]; OUT],
    scale: Scale,
    epilogue: &RowEpilogue,
) -> [uint8x8_t; OUT] {
    // SAFETY: Advanced SIMD is there; all loads are of arrays of their length.
    unsafe {
        let words = words::<FORM>(sums[0], scale, epilogue);
        if OUT == 1 {
            let bytes = vmin_u8(vqmovun_s16(words), vld1_u8(epilogue.span.as_ptr()));
            return [vadd_u8(bytes, vld1_u8(epilogue.least.as_ptr())); OUT];
        }
        let bytes = vqmovun_high_s16(vqmovun_s16(words), self::words::<FORM>(sums[OUT - 1], scale, epilogue));
        let bytes = vaddq_u8(vminq_u8(bytes, vld1q_u8(epilogue.span.as_ptr())), vld1q_u8(epilogue.least.as_ptr()));
        let mut rows = [vget_low_u8(bytes); OUT];
        rows[OUT - 1] = vget_high_u8(bytes);
        rows
    }
}

/// Scaled sums of a row, counted from the least output.
///
/// Where negative sums become the least output, that is 0, and what they become does not matter as long as it is
/// negative: `srshl`, which rounds ties up, is exact for all others.
///
/// # Safety
/// The CPU has Advanced SIMD.
#[inline(always)]
unsafe fn words<const FORM: usize>(sums: [int32x4_t; 2], scale: Scale, epilogue: &RowEpilogue) -> int16x8_t {
    // SAFETY: the caller's promise; the arrays have eight values.
    unsafe {
        let mut scaled = sums;
        for (half, lanes) in scaled.iter_mut().enumerate() {
            let mut high = vqrdmulhq_s32(*lanes, scale.mantissa[half]);
            if FORM == ROUNDED {
                let signs = vandq_s32(high, vld1q_s32(epilogue.ties.as_ptr().add(4 * half)));
                high = vsraq_n_s32::<31>(high, signs);
            }
            *lanes = vrshlq_s32(high, scale.shift[half]);
        }
        if FORM == CLAMPED_SMALL {
            return vuzp1q_s16(vreinterpretq_s16_s32(scaled[0]), vreinterpretq_s16_s32(scaled[1]));
        }
        let words = vqmovn_high_s32(vqmovn_s32(scaled[0]), scaled[1]);
        if FORM == ROUNDED { vqaddq_s16(words, vld1q_s16(epilogue.lift.as_ptr())) } else { words }
    }
}
