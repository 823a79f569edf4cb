//! NEON lookups, 16 elements at a time: `tbl` looks up 64 entries in four registers and gives 0 beyond them, `tbx` leaves
//! there what it had. Sixteen registers hold the table.

use core::arch::aarch64::*;

use super::{Descriptor, one_by_one};
use crate::isa::Isa;

const WIDTH: usize = 16;

#[target_feature(enable = "neon")]
fn look_up(table: &[u8; 256], input: &[u8], output: &mut [u8]) {
    let (blocks, rest) = input.as_chunks::<WIDTH>();
    let (out_blocks, out_rest) = output.as_chunks_mut::<WIDTH>();
    let [first, second, third, fourth] = [0, 64, 128, 192].map(|start| table[start..].as_ptr());
    // SAFETY: each quarter of the table has the bytes of four registers.
    let quarters = unsafe { [vld1q_u8_x4(first), vld1q_u8_x4(second), vld1q_u8_x4(third), vld1q_u8_x4(fourth)] };
    let quarter = vdupq_n_u8(64);
    for (block, out) in blocks.iter().zip(out_blocks) {
        // SAFETY: a block has the bytes of a register.
        let mut bytes = unsafe { vld1q_u8(block.as_ptr()) };
        let mut found = vqtbl4q_u8(quarters[0], bytes);
        for part in &quarters[1..] {
            // Bytes of earlier quarters wrap around and stay out of reach.
            bytes = vsubq_u8(bytes, quarter);
            found = vqtbx4q_u8(found, *part, bytes);
        }
        // SAFETY: as above.
        unsafe { vst1q_u8(out.as_mut_ptr(), found) };
    }
    one_by_one(table, rest, out_rest);
}

pub(super) static LOOK_UP: Descriptor = Descriptor { isa: Isa::Neon, name: "lut_8_neon_x16", look_up };
