//! The epilogue of tiles whose outputs have 16 bits.

use super::geometry::Row;
use crate::arch::{LANES, Pairs16};
use crate::epilogue::{Epilogue, WideEpilogue};
use crate::requantize16::Requantizer16;

/// Where the outputs of a tile go, and how its sums are scaled.
#[derive(Clone, Copy)]
pub(super) struct WordEpilogue<'a> {
    /// The rows, of which it takes the pixels.
    pub(super) rows: &'a [Row],
    /// From sums to outputs.
    pub(super) requantizer: &'a Requantizer16,
    /// Address of pixel 0's first channel.
    pub(super) output: *mut i16,
    /// Elements from one output pixel to the next.
    pub(super) pixel_stride: usize,
    /// Channels to store, at most sixteen.
    pub(super) channels: usize,
}

/// Outputs of 16 bits.
pub(super) struct ToWords;

impl WordEpilogue<'_> {
    /// # Safety
    /// As [`Epilogue::finish`], for one row.
    #[inline(always)]
    unsafe fn store<A: Pairs16>(&self, arch: A, row: &Row, values: A::I32) {
        let target = self.output.wrapping_add(row.pixel * self.pixel_stride);
        // SAFETY: the caller vouches for the outputs.
        unsafe { arch.store_words(target, values, self.channels) }
    }
}

impl<A: Pairs16> Epilogue<A> for ToWords {
    type Call<'a> = WordEpilogue<'a>;

    #[inline(always)]
    unsafe fn finish<const MR: usize, const NV: usize>(arch: A, epilogue: &WordEpilogue<'_>, sums: [[A::I32; NV]; MR]) {
        const { assert!(NV == 1) };
        let mut lanes = [[0; LANES]; MR];
        for (lanes, sums) in lanes.iter_mut().zip(sums) {
            // SAFETY: the array has sixteen values.
            unsafe { arch.store(lanes.as_mut_ptr(), sums[0]) }
        }
        for (row, sums) in epilogue.rows.iter().zip(&lanes) {
            let values = epilogue.requantizer.apply_narrow(arch, sums);
            // SAFETY: the caller's promise.
            unsafe { epilogue.store(arch, row, values) }
        }
    }
}

impl<A: Pairs16> WideEpilogue<A> for ToWords {
    #[inline(always)]
    unsafe fn finish_wide<const MR: usize>(arch: A, epilogue: &WordEpilogue<'_>, totals: &[[i64; LANES]; MR]) {
        for (row, totals) in epilogue.rows.iter().zip(totals) {
            let values = epilogue.requantizer.apply(arch, totals);
            // SAFETY: the caller's promise.
            unsafe { epilogue.store(arch, row, values) }
        }
    }
}
