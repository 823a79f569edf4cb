//! Rows of Advanced SIMD. Loops over other types become its vectors by themselves; those of `int16` do not, for want of
//! products of 64 bits: here they are `smull` and `smlal`, and the rounding is that of `rshrn`.

use core::arch::aarch64::*;

use super::row::{BLOCK, Element};

/// A stored `int16`.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct I16(i16);

/// Sixteen lanes.
type Quarters = [int32x4_t; 4];

/// Both ends weighed, wrapping as the portable form does.
#[inline(always)]
fn between(first: &[I16; BLOCK], second: &[I16; BLOCK], fraction: i32) -> Quarters {
    // SAFETY: register operations that every aarch64 target of this crate has; each half of the arrays has eight values.
    unsafe {
        let mut quarters = [vdupq_n_s32(0); 4];
        for half in 0..2 {
            let a = vld1q_s16(first.as_ptr().cast::<i16>().add(8 * half));
            let b = vld1q_s16(second.as_ptr().cast::<i16>().add(8 * half));
            let rest = 1024_i32.wrapping_sub(fraction);
            let low = vmulq_n_s32(vmovl_s16(vget_low_s16(a)), rest);
            let high = vmulq_n_s32(vmovl_high_s16(a), rest);
            quarters[2 * half] = vmlaq_n_s32(low, vmovl_s16(vget_low_s16(b)), fraction);
            quarters[2 * half + 1] = vmlaq_n_s32(high, vmovl_high_s16(b), fraction);
        }
        quarters
    }
}

impl Element for I16 {
    type Fraction = i32;
    type Weighed = [Quarters; 2];

    #[inline(always)]
    fn weigh(near: &[[Self; BLOCK]; 4], y: i32, _mask: u8) -> [Quarters; 2] {
        [between(&near[0], &near[2], y), between(&near[1], &near[3], y)]
    }

    #[inline(always)]
    unsafe fn blend(columns: &[Quarters; 2], x: i32, _mask: u8) -> [Self; BLOCK] {
        let mut block = [Self(0); BLOCK];
        let rest = 1024_i32.wrapping_sub(x);
        // SAFETY: register operations that every aarch64 target of this crate has; the block has eight values for each
        // half.
        unsafe {
            for half in 0..2 {
                let mut words = [vdup_n_s16(0); 2];
                for (part, words) in words.iter_mut().enumerate() {
                    let [a, b] = [columns[0][2 * half + part], columns[1][2 * half + part]];
                    let low = vmlal_n_s32(vmull_n_s32(vget_low_s32(a), rest), vget_low_s32(b), x);
                    let high = vmlal_high_n_s32(vmull_high_n_s32(a, rest), b, x);
                    // Ties go away from 0: those of negative sums are pushed down by one.
                    let [low, high] = [vsraq_n_s64::<63>(low, low), vsraq_n_s64::<63>(high, high)];
                    *words = vmovn_s32(vrshrn_high_n_s64::<20>(vrshrn_n_s64::<20>(low), high));
                }
                vst1q_s16(block.as_mut_ptr().cast::<i16>().add(8 * half), vcombine_s16(words[0], words[1]));
            }
        }
        block
    }
}
