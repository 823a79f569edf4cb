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

impl Elements<'_> {
    /// The input in blocks of `WIDTH` and what is left, and the output likewise.
    ///
    /// # Safety
    /// As [`LookUpFn`], once for a call.
    #[inline(always)]
    pub(super) unsafe fn blocks<const WIDTH: usize>(&self) -> Blocks<'_, WIDTH> {
        // SAFETY: the caller's promise.
        let (input, output) = unsafe {
            (core::slice::from_raw_parts(self.input, self.len), core::slice::from_raw_parts_mut(self.output, self.len))
        };
        let (inputs, rest) = input.as_chunks();
        let (outputs, output_rest) = output.as_chunks_mut();
        Blocks { inputs, outputs, rest, output_rest }
    }

    /// Looks up the elements from `first` on.
    ///
    /// # Safety
    /// As [`LookUpFn`], for those elements.
    #[inline(always)]
    pub(super) unsafe fn finish(&self, first: usize) {
        for at in first..self.len {
            // SAFETY: the caller's promise.
            unsafe { *self.output.wrapping_add(at) = self.table[usize::from(*self.input.wrapping_add(at))] }
        }
    }
}

/// Elements in blocks.
pub(super) struct Blocks<'a, const WIDTH: usize> {
    pub(super) inputs: &'a [[u8; WIDTH]],
    pub(super) outputs: &'a mut [[u8; WIDTH]],
    rest: &'a [u8],
    output_rest: &'a mut [u8],
}

impl<const WIDTH: usize> Blocks<'_, WIDTH> {
    /// Looks up what the blocks leave over.
    #[inline(always)]
    pub(super) fn finish(self, table: &[u8; 256]) {
        for (out, &byte) in self.output_rest.iter_mut().zip(self.rest) {
            *out = table[usize::from(byte)];
        }
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
        let Blocks { inputs, outputs, .. } = unsafe { call.blocks::<1>() };
        for ([out], &[byte]) in outputs.iter_mut().zip(inputs) {
            *out = call.table[usize::from(byte)];
        }
    }
}
