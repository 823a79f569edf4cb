//! Advanced SIMD: sixteen bytes at a time, 64 in the middle of long rows.

use core::arch::aarch64::*;

use super::rows::{BLOCK, Rows, Search};
use crate::arch::register::register;
use crate::arch::{Kernel, Neon};

/// Blocks that long rows are gone over by.
const WIDE: usize = 4;

impl Kernel<Neon> for Search {
    type Call<'a> = Rows;

    /// # Safety
    /// As [`super::rows::RowsFn`], in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: Neon, call: &Rows) {
        const LANES: [u8; BLOCK] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let flip = register!(vdupq_n_u8(call.flip));
        // SAFETY: sixteen bytes.
        let lanes = unsafe { vld1q_u8(LANES.as_ptr()) };
        let valid = register!(vcltq_u8(lanes, vdupq_n_u8(call.depth.min(BLOCK) as u8)));
        for row in 0..call.rows {
            let bytes = call.input.wrapping_add(row * call.input_stride);
            // SAFETY: the caller vouches for the row in a whole block at least, and for its output.
            unsafe {
                let found = match call.depth {
                    0..=16 => {
                        // Lanes beyond a short row become the least byte, and come after all others.
                        let head = vandq_u8(veorq_u8(vld1q_u8(bytes), flip), valid);
                        first(head, vmaxvq_u8(head))
                    }
                    _ => long_row(bytes, call.depth, flip),
                };
                call.store(row, found);
            }
        }
    }
}

/// The first lane that is `best`; [`BLOCK`] if none is.
#[inline(always)]
fn first(bytes: uint8x16_t, best: u8) -> usize {
    // Four bits of each lane.
    let equal = register!({
        let equal = vshrn_n_u16::<4>(vreinterpretq_u16_u8(vceqq_u8(bytes, vdupq_n_u8(best))));
        vget_lane_u64::<0>(vreinterpret_u64_u8(equal))
    });
    equal.trailing_zeros() as usize / 4
}

/// # Safety
/// `bytes` is valid for reads of `WIDE` blocks.
#[inline(always)]
unsafe fn load_wide(bytes: *const u8, flip: uint8x16_t) -> [uint8x16_t; WIDE] {
    let mut blocks = [flip; WIDE];
    for (index, block) in blocks.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        *block = unsafe { veorq_u8(vld1q_u8(bytes.add(BLOCK * index)), flip) };
    }
    blocks
}

/// Finds the first greatest byte of a row of more than a block.
///
/// # Safety
/// The row is readable.
#[inline(always)]
unsafe fn long_row(bytes: *const u8, depth: usize, flip: uint8x16_t) -> usize {
    let last = depth - BLOCK;
    let wide = depth / (WIDE * BLOCK) * WIDE * BLOCK;
    // SAFETY: blocks end within the row.
    unsafe {
        let mut most = [veorq_u8(vld1q_u8(bytes.add(last)), flip); WIDE];
        for at in (0..wide).step_by(WIDE * BLOCK) {
            for (most, block) in most.iter_mut().zip(load_wide(bytes.add(at), flip)) {
                *most = vmaxq_u8(*most, block);
            }
        }
        let mut most = vmaxq_u8(vmaxq_u8(most[0], most[1]), vmaxq_u8(most[2], most[3]));
        for at in (wide..last).step_by(BLOCK) {
            most = vmaxq_u8(most, veorq_u8(vld1q_u8(bytes.add(at)), flip));
        }
        let best = vmaxvq_u8(most);
        let mut from = wide;
        for at in (0..wide).step_by(WIDE * BLOCK) {
            let [a, b, c, d] = load_wide(bytes.add(at), flip);
            if vmaxvq_u8(vmaxq_u8(vmaxq_u8(a, b), vmaxq_u8(c, d))) == best {
                from = at;
                break;
            }
        }
        for at in (from..last).step_by(BLOCK) {
            let found = first(veorq_u8(vld1q_u8(bytes.add(at)), flip), best);
            if found < BLOCK {
                return at + found;
            }
        }
        last + first(veorq_u8(vld1q_u8(bytes.add(last)), flip), best)
    }
}
