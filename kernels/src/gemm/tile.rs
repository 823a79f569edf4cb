//! The convolution tile, written once for every instruction set.
//!
//! A tile computes `MR` output pixels times `NV` panels of sixteen output channels, with all
//! `MR x NV` accumulators in registers over the whole of K:
//!
//! ```text
//! sums[MR][NV] = bias
//! for each segment of the border class            a run of K that is contiguous in every row
//!     for each step of four k
//!         load NV lines of packed weights         64 bytes each: [16 columns][4 k]
//!         for each row: broadcast 4 activations, NV dot products
//! epilogue                                        to bytes: zero-point corrections, requantize, clamp, store
//! ```
//!
//! Rows are pointers, so no im2col copy is made: the convolution hands in the address of each
//! pixel's first tap inside the image, and segments give the way from there.
//! Activations are read four at a time; a run whose length is no multiple of four reads up to
//! three bytes more, which meet zero weights.

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr;

use super::class::Segment;
use super::epilogue::{ByteEpilogue, ToBytes};
use crate::arch::{Arch, Dot, Kernel, LANES};
use crate::epilogue::Epilogue;
use crate::memory::Line;

/// What one tile works on. `rows` has the tile's `MR`, `bias` its `NV`.
pub(crate) struct Tile<'a, E> {
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// The border class's K.
    pub(crate) segments: &'a [Segment],
    /// Lines of the first panel and of those that follow.
    pub(crate) weights: &'a [Line],
    /// Lines from one panel to the next.
    pub(crate) panel_lines: usize,
    /// Folded bias, sixteen for each panel.
    pub(crate) bias: &'a [[i32; LANES]],
    /// What becomes of the sums.
    pub(crate) epilogue: E,
}

/// A tile whose outputs are bytes.
pub(crate) type ByteTile<'a> = Tile<'a, ByteEpilogue<'a>>;

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Every row pointer plus every segment's offset is
/// valid for reads of four bytes for each of the segment's lines; outputs are valid for the pixels and
/// columns of the tile, which nobody else touches.
pub(crate) type TileFn = unsafe fn(&ByteTile<'_>);

/// The tile of `MR` rows by `NV` panels.
pub(crate) struct GemmTile<const MR: usize, const NV: usize, E = ToBytes>(PhantomData<E>);

impl<A: Dot, const MR: usize, const NV: usize, E: Epilogue<A>> Kernel<A> for GemmTile<MR, NV, E> {
    type Call<'a> = Tile<'a, E::Call<'a>>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_, E::Call<'_>>) {
        assert!(tile.rows.len() == MR && tile.bias.len() == NV);
        let mut sums = [[arch.zero(); NV]; MR];
        for panel in 0..NV {
            // SAFETY: a panel's bias has sixteen values.
            let bias = unsafe { arch.load(tile.bias[panel].as_ptr()) };
            for row in 0..MR {
                sums[row][panel] = arch.begin(bias);
            }
        }
        for segment in tile.segments {
            let steps = segment.steps();
            let first = segment.line as usize;
            assert!((NV - 1) * tile.panel_lines + first + steps <= tile.weights.len());
            let mut rows = [ptr::null::<u8>(); MR];
            for (row, &start) in rows.iter_mut().zip(tile.rows) {
                *row = start.wrapping_add(segment.offset as usize);
            }
            let lines = tile.weights[first..].as_ptr();
            for step in 0..steps {
                let weights: [A::Weights; NV] = core::array::from_fn(|panel| {
                    // SAFETY: asserted above: the line lies within `weights`.
                    unsafe { arch.load_weights(lines.add(panel * tile.panel_lines + step).cast()) }
                });
                for row in 0..MR {
                    // SAFETY: the caller vouches for the segment's bytes of every row.
                    let quad = unsafe { arch.load_quad(rows[row].add(4 * step)) };
                    for panel in 0..NV {
                        sums[row][panel] = arch.dot(sums[row][panel], quad, weights[panel]);
                    }
                }
            }
        }
        let mut lanes = [[arch.splat(0); NV]; MR];
        for row in 0..MR {
            for panel in 0..NV {
                lanes[row][panel] = arch.lanes(sums[row][panel]);
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { E::finish(arch, &tile.epilogue, lanes) }
    }
}

/// Rows whose activations are to be summed up.
pub(crate) struct RowSumsCall<'a> {
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// The border class's K.
    pub(crate) segments: &'a [Segment],
    /// A sum for each row.
    pub(crate) sums: &'a [Cell<i32>],
}

/// An entry point of [`RowSums`].
///
/// # Safety
/// As [`TileFn`] for the rows.
pub(crate) type RowSumsFn = unsafe fn(&RowSumsCall<'_>);

/// Σx of each row over a border class's K, in the storage type.
pub(crate) struct RowSums;

impl<A: Arch> Kernel<A> for RowSums {
    type Call<'a> = RowSumsCall<'a>;

    /// # Safety
    /// As [`TileFn`] for the rows, in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, call: &RowSumsCall<'_>) {
        for (&row, sum) in call.rows.iter().zip(call.sums) {
            let mut total = 0i32;
            for segment in call.segments {
                // SAFETY: the caller vouches for the segment's bytes.
                let part = unsafe { arch.sum_bytes(row.add(segment.offset as usize), segment.bytes as usize) };
                total = total.wrapping_add(part);
            }
            sum.set(total);
        }
    }
}
