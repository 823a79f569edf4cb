//! The vectors of SSE4.1: sixteen bytes at a time.
//!
//! The greatest of sixteen bytes is the least of their complements, which `phminposuw` finds once each pair is one word.

use core::arch::x86_64::*;

use super::rows::{BLOCK, Rows, Search};
use crate::arch::register::register;
use crate::arch::{Kernel, Xmm};

impl<A: Xmm> Kernel<A> for Search {
    type Call<'a> = Rows;

    /// # Safety
    /// As [`super::rows::RowsFn`], in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: A, call: &Rows) {
        let flip = register!(_mm_set1_epi8(call.flip as i8));
        let lanes = register!(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
        let valid = register!(_mm_cmpgt_epi8(_mm_set1_epi8(call.depth.min(BLOCK) as i8), lanes));
        for row in 0..call.rows {
            let bytes = call.input.wrapping_add(row * call.input_stride);
            // SAFETY: `arch` proves the CPU feature; the caller vouches for the row in a whole block at least, and for its output.
            unsafe {
                // Lanes beyond a short row become the least byte, and come after all others.
                let head = _mm_and_si128(_mm_xor_si128(load(bytes), flip), valid);
                let found = match call.depth {
                    0..=16 => first(head, greatest(head)),
                    17..=32 => {
                        let tail = _mm_xor_si128(load(bytes.wrapping_add(call.depth - BLOCK)), flip);
                        let best = greatest(_mm_max_epu8(head, tail));
                        match first(head, best) {
                            BLOCK => call.depth - BLOCK + first(tail, best),
                            found => found,
                        }
                    }
                    _ => long_row(bytes, call.depth, flip),
                };
                call.store(row, found);
            }
        }
    }
}

/// # Safety
/// The CPU has SSE4.1; `bytes` is valid for reads of 16 bytes.
#[inline(always)]
unsafe fn load(bytes: *const u8) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe { _mm_loadu_si128(bytes.cast()) }
}

/// The greatest byte, in every lane.
///
/// # Safety
/// The CPU has SSE4.1.
#[inline(always)]
unsafe fn greatest(bytes: __m128i) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe {
        let complements = _mm_xor_si128(bytes, _mm_set1_epi8(-1));
        let pairs = _mm_min_epu8(complements, _mm_srli_epi16::<8>(complements));
        let least = _mm_minpos_epu16(pairs);
        _mm_xor_si128(_mm_shuffle_epi8(least, _mm_setzero_si128()), _mm_set1_epi8(-1))
    }
}

/// The first lane that is `best`; [`BLOCK`] if none is.
///
/// # Safety
/// The CPU has SSE4.1.
#[inline(always)]
unsafe fn first(bytes: __m128i, best: __m128i) -> usize {
    // SAFETY: the caller's promise.
    let equal = unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, best)) } as u32;
    (equal | 1 << BLOCK).trailing_zeros() as usize
}

/// Finds the first greatest byte of a row of more than two blocks.
///
/// # Safety
/// The CPU has SSE4.1; the row is readable.
#[inline(always)]
unsafe fn long_row(bytes: *const u8, depth: usize, flip: __m128i) -> usize {
    let last = depth - BLOCK;
    // SAFETY: blocks end within the row.
    unsafe {
        let mut most = load(bytes.wrapping_add(last));
        most = _mm_xor_si128(most, flip);
        let mut at = 0;
        while at < last {
            most = _mm_max_epu8(most, _mm_xor_si128(load(bytes.wrapping_add(at)), flip));
            at += BLOCK;
        }
        let best = greatest(most);
        at = 0;
        while at < last {
            let found = first(_mm_xor_si128(load(bytes.wrapping_add(at)), flip), best);
            if found < BLOCK {
                return at + found;
            }
            at += BLOCK;
        }
        last + first(_mm_xor_si128(load(bytes.wrapping_add(last)), flip), best)
    }
}
