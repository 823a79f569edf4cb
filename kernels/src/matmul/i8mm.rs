//! Products of matrices of bytes: `smmla`, two rows of eight k times two columns. Other types as on Armv8.0.
//!
//! 32 registers: two pairs of rows by eight pairs of columns are 16 accumulators, the others activations and columns.

use core::arch::aarch64::*;

use super::bytes::{Products, ROWS, STEP};
use super::pack::CHUNK;
use crate::arch::{I8mm, LANES, Neon, i8mm};

/// Pairs of rows.
const PAIRS: usize = ROWS / 2;

/// Adds the products of eight k.
///
/// # Safety
/// The CPU has the matrix products; the panel has 128 bytes.
#[inline(always)]
unsafe fn add(sums: &mut [[int32x4_t; LANES / 2]; PAIRS], x: &[int8x16_t; PAIRS], panel: *const i8) {
    for part in 0..LANES / 2 {
        // SAFETY: the caller's promise.
        unsafe {
            let columns = vld1q_s8(panel.add(LANES * part));
            for pair in 0..PAIRS {
                sums[pair][part] = i8mm::smmla(sums[pair][part], x[pair], columns);
            }
        }
    }
}

impl Products for I8mm {
    const GROUP: usize = 8;

    #[inline(always)]
    fn neon(self) -> Neon {
        self.neon()
    }

    #[inline(always)]
    unsafe fn add(self, rows: *const i8, panel: *const i8, depth: usize, totals: &mut [[i32; LANES]; ROWS]) {
        // SAFETY: an `I8mm` proves the feature; the caller vouches for rows and panel, and each row has sixteen sums.
        unsafe {
            let mut sums = [[vdupq_n_s32(0); LANES / 2]; PAIRS];
            for k in (0..depth).step_by(STEP) {
                let (mut first, mut second) = ([vdupq_n_s8(0); PAIRS], [vdupq_n_s8(0); PAIRS]);
                for pair in 0..PAIRS {
                    let a = vreinterpretq_s64_s8(vld1q_s8(rows.add(2 * pair * CHUNK + k)));
                    let b = vreinterpretq_s64_s8(vld1q_s8(rows.add((2 * pair + 1) * CHUNK + k)));
                    first[pair] = vreinterpretq_s8_s64(vzip1q_s64(a, b));
                    second[pair] = vreinterpretq_s8_s64(vzip2q_s64(a, b));
                }
                add(&mut sums, &first, panel.add(k * LANES));
                add(&mut sums, &second, panel.add((k + STEP / 2) * LANES));
            }
            for pair in 0..PAIRS {
                for quarter in 0..4 {
                    // Lanes are both columns of the first row, then of the second.
                    let a = vreinterpretq_s64_s32(sums[pair][2 * quarter]);
                    let b = vreinterpretq_s64_s32(sums[pair][2 * quarter + 1]);
                    for (row, gained) in [vzip1q_s64(a, b), vzip2q_s64(a, b)].into_iter().enumerate() {
                        let total = totals[2 * pair + row].as_mut_ptr().add(4 * quarter);
                        vst1q_s32(total, vaddq_s32(vld1q_s32(total), vreinterpretq_s32_s64(gained)));
                    }
                }
            }
        }
    }
}
