//! AVX-512 lookups, 64 elements at a time.
//!
//! `vpshufb` looks up sixteen entries by the low four bits of a byte. The table's sixteen parts are all looked up, odd
//! ones under the mask of the bytes' fifth bit into the even ones before them; the masks of the upper three bits choose
//! among the eight results. Sixteen registers hold the table, four the results of a half.

use core::arch::x86_64::*;

use crate::arch::register::register;
use crate::arch::{Avx512Vnni, Kernel};
use crate::lut::look_up::{Elements, LookUp, one_by_one};

const WIDTH: usize = 64;

impl Kernel<Avx512Vnni> for LookUp {
    type Call<'a> = Elements<'a>;

    /// # Safety
    /// As [`LookUpFn`](crate::lut::look_up::LookUpFn), in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(arch: Avx512Vnni, call: &Elements<'_>) {
        // SAFETY: the caller's promise.
        let (input, output) = unsafe { call.cells() };
        let (blocks, rest) = input.as_chunks::<WIDTH>();
        let (out_blocks, out_rest) = output.as_chunks::<WIDTH>();
        if !blocks.is_empty() {
            let parts = parts(arch, call.table);
            for (block, out) in blocks.iter().zip(out_blocks) {
                // SAFETY: a block has the bytes of a register; `arch` proves the CPU feature.
                unsafe {
                    let bytes = _mm512_loadu_si512(block.as_ptr().cast());
                    _mm512_storeu_si512(out.as_ptr().cast_mut().cast(), entries(arch, &parts, bytes));
                }
            }
        }
        one_by_one(call.table, rest, out_rest);
    }
}

/// The parts of the table, each in all lanes.
#[inline(always)]
fn parts(_: Avx512Vnni, table: &[u8; 256]) -> [__m512i; 16] {
    let mut parts = [register!(_mm512_setzero_si512()); 16];
    for (part, entries) in parts.iter_mut().zip(table.as_chunks::<16>().0) {
        // SAFETY: a part has sixteen bytes; the first argument proves the CPU feature.
        *part = unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(entries.as_ptr().cast())) };
    }
    parts
}

/// The entries of 64 bytes.
#[inline(always)]
fn entries(_: Avx512Vnni, parts: &[__m512i; 16], bytes: __m512i) -> __m512i {
    register!({
        let bit4 = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(1 << 4));
        let bit5 = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(1 << 5));
        let bit6 = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(1 << 6));
        let bit7 = _mm512_movepi8_mask(bytes);
        let index = _mm512_and_si512(bytes, _mm512_set1_epi8(15));
        let mut found = [_mm512_setzero_si512(); 8];
        for (found, pair) in found.iter_mut().zip(parts.as_chunks::<2>().0) {
            *found = _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(pair[0], index), bit4, pair[1], index);
        }
        let [a, b, c, d, e, f, g, h] = found;
        let low = _mm512_mask_blend_epi8(bit6, _mm512_mask_blend_epi8(bit5, a, b), _mm512_mask_blend_epi8(bit5, c, d));
        let high = _mm512_mask_blend_epi8(bit6, _mm512_mask_blend_epi8(bit5, e, f), _mm512_mask_blend_epi8(bit5, g, h));
        _mm512_mask_blend_epi8(bit7, low, high)
    })
}
