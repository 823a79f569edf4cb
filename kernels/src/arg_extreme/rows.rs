//! Some rows of a search, and the portable kernel.

use crate::arch::{Kernel, Scalar};

/// Bytes that are compared side by side.
pub(super) const BLOCK: usize = 16;

/// Some rows of a search.
pub(super) struct Rows {
    pub(super) input: *const u8,
    pub(super) input_stride: usize,
    pub(super) rows: usize,
    pub(super) depth: usize,
    /// XORed with each byte first.
    pub(super) flip: u8,
    pub(super) output: *mut u8,
    pub(super) index_bytes: usize,
}

impl Rows {
    /// Stores the index of a row.
    ///
    /// # Safety
    /// The output has such a row, which nobody else touches.
    #[inline(always)]
    pub(super) unsafe fn store(&self, row: usize, index: usize) {
        let target = self.output.wrapping_add(row * self.index_bytes);
        // SAFETY: the caller's promise; arrays of bytes have no alignment.
        unsafe {
            match self.index_bytes {
                8 => target.cast::<[u8; 8]>().write((index as u64).to_le_bytes()),
                _ => target.cast::<[u8; 4]>().write((index as u32).to_le_bytes()),
            }
        }
    }
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. Rows are readable, shorter ones than a [`BLOCK`] in a whole one; their outputs are
/// writable and nobody else's.
pub(super) type RowsFn = unsafe fn(&Rows);

/// The search for the first greatest byte of each row.
pub(super) struct Search;

impl Kernel<Scalar> for Search {
    type Call<'a> = Rows;

    /// # Safety
    /// As [`RowsFn`].
    #[inline(always)]
    unsafe fn run(_: Scalar, call: &Rows) {
        for row in 0..call.rows {
            // SAFETY: the caller vouches for the row.
            let bytes =
                unsafe { core::slice::from_raw_parts(call.input.wrapping_add(row * call.input_stride), call.depth) };
            let (mut best, mut found) = (bytes[0] ^ call.flip, 0);
            for (index, byte) in bytes.iter().enumerate().skip(1) {
                if byte ^ call.flip > best {
                    (best, found) = (byte ^ call.flip, index);
                }
            }
            // SAFETY: the caller's promise.
            unsafe { call.store(row, found) }
        }
    }
}
