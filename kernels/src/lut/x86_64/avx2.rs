//! AVX2 lookups, 32 elements at a time.
//!
//! `vpshufb` looks up sixteen entries by the low four bits of a byte, and gives 0 where its highest bit is set. So the
//! table is split in sixteen parts `T0` to `T15`, and kept as the changes from one part to the next:
//!
//! ```text
//! D0 = T0, Dk = Tk ^ Tk-1                 for bytes below 128; from 128 on likewise, D8 = T8
//! x in 0..=127:    xor of D0[x], D1[x - 16], D2[x - 32], ... D7[x - 112]
//! ```
//!
//! Subtraction saturates at -128, so that a byte that has gone below 0 stays there and all further lookups give 0:
//! what remains is the xor of `D0` to `Dk`, which is `Tk`. Bytes from 128 on are negative from the start. They take part in
//! a second round with their highest bit flipped.

use core::arch::x86_64::*;

use crate::arch::register::register;
use crate::arch::{Avx2, Kernel};
use crate::lut::look_up::{Elements, LookUp};

const WIDTH: usize = 32;

impl Kernel<Avx2> for LookUp {
    type Call<'a> = Elements<'a>;

    /// # Safety
    /// As [`LookUpFn`](crate::lut::look_up::LookUpFn), in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(arch: Avx2, call: &Elements<'_>) {
        // SAFETY: the caller's promise.
        let blocks = unsafe { call.blocks::<WIDTH>() };
        if !blocks.inputs.is_empty() {
            let changes = changes(arch, call.table);
            for (block, out) in blocks.inputs.iter().zip(&mut *blocks.outputs) {
                // SAFETY: a block has the bytes of a register; `arch` proves the CPU feature.
                unsafe {
                    let bytes = _mm256_loadu_si256(block.as_ptr().cast());
                    let flipped = _mm256_xor_si256(bytes, _mm256_set1_epi8(-128));
                    let [low, high] = &changes;
                    let found = _mm256_xor_si256(half(arch, low, bytes), half(arch, high, flipped));
                    _mm256_storeu_si256(out.as_mut_ptr().cast(), found);
                }
            }
        }
        blocks.finish(call.table);
    }
}

/// The two halves of the table as changes between its parts, each in both lanes.
#[inline(always)]
fn changes(_: Avx2, table: &[u8; 256]) -> [[__m256i; 8]; 2] {
    let mut changes = [[register!(_mm256_setzero_si256()); 8]; 2];
    for (half, entries) in changes.iter_mut().zip(table.as_chunks::<128>().0) {
        let mut previous = register!(_mm256_setzero_si256());
        for (change, part) in half.iter_mut().zip(entries.as_chunks::<16>().0) {
            // SAFETY: a part has sixteen bytes; the first argument proves the CPU feature.
            unsafe {
                let part = _mm256_broadcastsi128_si256(_mm_loadu_si128(part.as_ptr().cast()));
                *change = _mm256_xor_si256(part, previous);
                previous = part;
            }
        }
    }
    changes
}

/// The entries of bytes that are not negative; 0 for the others.
#[inline(always)]
fn half(_: Avx2, changes: &[__m256i; 8], bytes: __m256i) -> __m256i {
    let mut found = register!(_mm256_shuffle_epi8(changes[0], bytes));
    let mut bytes = bytes;
    for change in &changes[1..] {
        register!({
            bytes = _mm256_subs_epi8(bytes, _mm256_set1_epi8(16));
            found = _mm256_xor_si256(found, _mm256_shuffle_epi8(*change, bytes));
        });
    }
    found
}
