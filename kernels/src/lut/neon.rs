//! NEON lookups, 32 elements at a time: `tbl` looks up 64 entries in four registers and gives 0 beyond them, `tbx` leaves
//! there what it had. Sixteen registers hold the table.

use core::arch::aarch64::*;

use super::{Descriptor, one_by_one};
use crate::isa::Isa;

/// Two registers: a look-up waits for itself, and another one need not.
const WIDTH: usize = 32;

#[target_feature(enable = "neon")]
fn look_up(table: &[u8; 256], input: &[u8], output: &mut [u8]) {
    let (blocks, rest) = input.as_chunks::<WIDTH>();
    let (out_blocks, out_rest) = output.as_chunks_mut::<WIDTH>();
    let [first, second, third, fourth] = [0, 64, 128, 192].map(|start| table[start..].as_ptr());
    // SAFETY: each quarter of the table has the bytes of four registers.
    let quarters = unsafe { [vld1q_u8_x4(first), vld1q_u8_x4(second), vld1q_u8_x4(third), vld1q_u8_x4(fourth)] };
    let quarter = vdupq_n_u8(64);
    for (block, out) in blocks.iter().zip(out_blocks) {
        // SAFETY: a block has the bytes of two registers.
        let (mut a, mut b) = unsafe { (vld1q_u8(block.as_ptr()), vld1q_u8(block[16..].as_ptr())) };
        let (mut found_a, mut found_b) = (vqtbl4q_u8(quarters[0], a), vqtbl4q_u8(quarters[0], b));
        for part in &quarters[1..] {
            // Bytes of earlier quarters wrap around and stay out of reach.
            (a, b) = (vsubq_u8(a, quarter), vsubq_u8(b, quarter));
            (found_a, found_b) = (vqtbx4q_u8(found_a, *part, a), vqtbx4q_u8(found_b, *part, b));
        }
        // SAFETY: as above.
        unsafe {
            vst1q_u8(out.as_mut_ptr(), found_a);
            vst1q_u8(out[16..].as_mut_ptr(), found_b);
        }
    }
    one_by_one(table, rest, out_rest);
}

pub(super) static LOOK_UP: Descriptor = Descriptor { isa: Isa::Neon, name: "lut_8_neon_x32", look_up };
