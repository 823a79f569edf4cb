//! Lookups of the CPUs with AMX, which have AVX-512 VBMI: `vpermi2b` looks up 128 entries in two registers by the low
//! seven bits of a byte. Four registers hold the table; the highest bit chooses between its halves.

use core::arch::x86_64::*;

use super::{Descriptor, one_by_one};
use crate::isa::Isa;

const WIDTH: usize = 64;

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn look_up(table: &[u8; 256], input: &[u8], output: &mut [u8]) {
    let (blocks, rest) = input.as_chunks::<WIDTH>();
    let (out_blocks, out_rest) = output.as_chunks_mut::<WIDTH>();
    let mut parts = [_mm512_setzero_si512(); 4];
    for (part, entries) in parts.iter_mut().zip(table.as_chunks::<WIDTH>().0) {
        // SAFETY: a part has the bytes of a register.
        *part = unsafe { _mm512_loadu_si512(entries.as_ptr().cast()) };
    }
    let [a, b, c, d] = parts;
    for (block, out) in blocks.iter().zip(out_blocks) {
        // SAFETY: a block has the bytes of a register.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let (low, high) = (_mm512_permutex2var_epi8(a, bytes, b), _mm512_permutex2var_epi8(c, bytes, d));
        let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high);
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), found) };
    }
    one_by_one(table, rest, out_rest);
}

pub(super) static LOOK_UP: Descriptor = Descriptor { isa: Isa::Amx, name: "lut_8_amx_x64", look_up };
