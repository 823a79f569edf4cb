//! A lookup of neighbouring elements, and the portable kernel.

use core::cell::Cell;

use crate::arch::{Kernel, Scalar};

/// Elements that are looked up.
pub(super) struct Elements<'a> {
    pub(super) table: &'a [u8; 256],
    pub(super) input: *const u8,
    pub(super) output: *mut u8,
    /// Elements of input and output.
    pub(super) len: usize,
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. The input is readable for the elements, the output writable and nobody else's; it
/// may be the input.
pub(super) type LookUpFn = unsafe fn(&Elements<'_>);

impl<'a> Elements<'a> {
    /// The input and the output, which may be the same bytes.
    ///
    /// # Safety
    /// As [`LookUpFn`].
    #[inline(always)]
    pub(super) unsafe fn cells(&self) -> (&'a [Cell<u8>], &'a [Cell<u8>]) {
        // SAFETY: the caller's promise. Cells let the output be the input; nothing is written through those of the input.
        unsafe {
            let input = core::slice::from_raw_parts(self.input.cast(), self.len);
            (input, core::slice::from_raw_parts(self.output.cast_const().cast(), self.len))
        }
    }
}

/// Portable code, and what vectors leave over.
#[inline(always)]
pub(super) fn one_by_one(table: &[u8; 256], input: &[Cell<u8>], output: &[Cell<u8>]) {
    for (out, byte) in output.iter().zip(input) {
        out.set(table[usize::from(byte.get())]);
    }
}

/// The lookup of each element.
pub(super) struct LookUp;

impl Kernel<Scalar> for LookUp {
    type Call<'a> = Elements<'a>;

    /// # Safety
    /// As [`LookUpFn`].
    #[inline(always)]
    unsafe fn run(_: Scalar, call: &Elements<'_>) {
        // SAFETY: the caller's promise.
        let (input, output) = unsafe { call.cells() };
        one_by_one(call.table, input, output);
    }
}
