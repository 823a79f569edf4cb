//! Lookups of the CPUs with AMX, which have AVX-512 VBMI: `vpermi2b` looks up 128 entries in two registers by the low
//! seven bits of a byte. Four registers hold the table; the highest bit chooses between its halves.

use core::arch::x86_64::*;

use crate::arch::register::register;
use crate::arch::{Amx, Kernel};
use crate::lut::look_up::{Elements, LookUp, one_by_one};

const WIDTH: usize = 64;

impl Kernel<Amx> for LookUp {
    type Call<'a> = Elements<'a>;

    /// # Safety
    /// As [`LookUpFn`](crate::lut::look_up::LookUpFn), in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: Amx, call: &Elements<'_>) {
        // SAFETY: the caller's promise.
        let (input, output) = unsafe { call.cells() };
        let (blocks, rest) = input.as_chunks::<WIDTH>();
        let (out_blocks, out_rest) = output.as_chunks::<WIDTH>();
        let mut parts = [register!(_mm512_setzero_si512()); 4];
        for (part, entries) in parts.iter_mut().zip(call.table.as_chunks::<WIDTH>().0) {
            // SAFETY: a part has the bytes of a register.
            *part = unsafe { _mm512_loadu_si512(entries.as_ptr().cast()) };
        }
        let [a, b, c, d] = parts;
        for (block, out) in blocks.iter().zip(out_blocks) {
            // SAFETY: a block has the bytes of a register; the CPU has the instructions.
            unsafe {
                let bytes = _mm512_loadu_si512(block.as_ptr().cast());
                let (low, high) = (_mm512_permutex2var_epi8(a, bytes, b), _mm512_permutex2var_epi8(c, bytes, d));
                let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high);
                _mm512_storeu_si512(out.as_ptr().cast_mut().cast(), found);
            }
        }
        one_by_one(call.table, rest, out_rest);
    }
}
