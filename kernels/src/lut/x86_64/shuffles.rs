//! Lookups by shuffles of sixteen entries, a register of elements at a time.
//!
//! `pshufb` looks up sixteen entries by the low four bits of a byte, and gives 0 where its highest bit is set. So the
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

use crate::arch::{Kernel, Shuffle};
use crate::lut::look_up::{Elements, LookUp, one_by_one};

/// Entries of a part of the table.
const PART: usize = 16;

impl<A: Shuffle> Kernel<A> for LookUp {
    type Call<'a> = Elements<'a>;

    /// # Safety
    /// As [`LookUpFn`](crate::lut::look_up::LookUpFn), in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(arch: A, call: &Elements<'_>) {
        // SAFETY: the caller's promise.
        let (input, output) = unsafe { call.cells() };
        let whole = input.len() / A::WIDTH * A::WIDTH;
        let ((blocks, rest), (out_blocks, out_rest)) = (input.split_at(whole), output.split_at(whole));
        if whole > 0 {
            let [low, high] = [changes(arch, &call.table[..128]), changes(arch, &call.table[128..])];
            for (block, out) in blocks.chunks_exact(A::WIDTH).zip(out_blocks.chunks_exact(A::WIDTH)) {
                // SAFETY: a block has the bytes of a register.
                unsafe {
                    let bytes = arch.load_wide(block.as_ptr().cast());
                    let flipped = arch.xor(bytes, arch.splat_wide(0x80));
                    let found = arch.xor(half(arch, &low, bytes), half(arch, &high, flipped));
                    arch.store_wide(out.as_ptr().cast_mut().cast(), found, A::WIDTH);
                }
            }
        }
        one_by_one(call.table, rest, out_rest);
    }
}

/// Half of the table as changes from one part to the next.
#[inline(always)]
fn changes<A: Shuffle>(arch: A, entries: &[u8]) -> [A::Bytes; 8] {
    let mut changes = [arch.splat_wide(0); 8];
    let mut previous = arch.splat_wide(0);
    for (change, part) in changes.iter_mut().zip(entries.as_chunks::<PART>().0) {
        // SAFETY: a part has sixteen bytes.
        let part = unsafe { arch.load_repeated(part.as_ptr()) };
        *change = arch.xor(part, previous);
        previous = part;
    }
    changes
}

/// The entries of bytes that are not negative; 0 for the others.
#[inline(always)]
fn half<A: Shuffle>(arch: A, changes: &[A::Bytes; 8], bytes: A::Bytes) -> A::Bytes {
    let step = arch.splat_wide(PART as u8);
    let mut found = arch.shuffle(changes[0], bytes);
    let mut bytes = bytes;
    for change in &changes[1..] {
        bytes = arch.sub_saturating(bytes, step);
        found = arch.xor(found, arch.shuffle(*change, bytes));
    }
    found
}
