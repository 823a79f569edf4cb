//! A lookup of neighbouring elements, and the portable kernel.

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
/// The CPU has the instruction set. The input is readable for the elements, the output writable and nobody else's.
pub(super) type LookUpFn = unsafe fn(&Elements<'_>);

impl<'a> Elements<'a> {
    /// The input and the output.
    ///
    /// # Safety
    /// As [`LookUpFn`], once for a call.
    #[inline(always)]
    pub(super) unsafe fn slices(&self) -> (&'a [u8], &'a mut [u8]) {
        // SAFETY: the caller's promise.
        unsafe {
            (core::slice::from_raw_parts(self.input, self.len), core::slice::from_raw_parts_mut(self.output, self.len))
        }
    }
}

/// Portable code, and what vectors leave over.
#[inline(always)]
pub(super) fn one_by_one(table: &[u8; 256], input: &[u8], output: &mut [u8]) {
    for (out, &byte) in output.iter_mut().zip(input) {
        *out = table[usize::from(byte)];
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
        let (input, output) = unsafe { call.slices() };
        one_by_one(call.table, input, output);
    }
}
