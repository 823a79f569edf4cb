//! NEON lookups, 32 elements at a time: `tbl` looks up 64 entries in four registers and gives 0 beyond them, `tbx` leaves
//! there what it had. Sixteen registers hold the table.

use core::arch::aarch64::*;

use super::look_up::{Elements, LookUp, one_by_one};
use crate::arch::register::register;
use crate::arch::{Kernel, Neon};

/// Two registers: a look-up waits for itself, and another one need not.
const WIDTH: usize = 32;

impl Kernel<Neon> for LookUp {
    type Call<'a> = Elements<'a>;

    /// # Safety
    /// As [`LookUpFn`](super::look_up::LookUpFn), in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: Neon, call: &Elements<'_>) {
        // SAFETY: the caller's promise.
        let (input, output) = unsafe { call.cells() };
        let (blocks, rest) = input.as_chunks::<WIDTH>();
        let (out_blocks, out_rest) = output.as_chunks::<WIDTH>();
        let [first, second, third, fourth] = [0, 64, 128, 192].map(|start| call.table[start..].as_ptr());
        // SAFETY: each quarter of the table has the bytes of four registers.
        let quarters = unsafe { [vld1q_u8_x4(first), vld1q_u8_x4(second), vld1q_u8_x4(third), vld1q_u8_x4(fourth)] };
        let quarter = register!(vdupq_n_u8(64));
        for (block, out) in blocks.iter().zip(out_blocks) {
            // SAFETY: a block has the bytes of two registers; the CPU has the instructions.
            unsafe {
                let (mut a, mut b) = (vld1q_u8(block.as_ptr().cast()), vld1q_u8(block[16..].as_ptr().cast()));
                let (mut found_a, mut found_b) = (vqtbl4q_u8(quarters[0], a), vqtbl4q_u8(quarters[0], b));
                for part in &quarters[1..] {
                    // Bytes of earlier quarters wrap around and stay out of reach.
                    (a, b) = (vsubq_u8(a, quarter), vsubq_u8(b, quarter));
                    (found_a, found_b) = (vqtbx4q_u8(found_a, *part, a), vqtbx4q_u8(found_b, *part, b));
                }
                vst1q_u8(out.as_ptr().cast_mut().cast(), found_a);
                vst1q_u8(out[16..].as_ptr().cast_mut().cast(), found_b);
            }
        }
        one_by_one(call.table, rest, out_rest);
    }
}
