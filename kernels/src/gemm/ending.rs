//! The end of a tile: accumulators become stored activations.
//!
//! Four vectors are narrowed to bytes together. Where the panels of a tile write next to each other they are
//! four (or two) panels of one pixel, which is then stored at once; else four pixels of one panel.

use super::columns::Columns;
use crate::arch::{Arch, LANES};
use crate::memory::Output;

/// Rows and panels of accumulators, and where their outputs go.
#[derive(Clone, Copy)]
pub(crate) struct Ending<'a> {
    /// Index of each row's output pixel.
    pub(crate) pixels: &'a [u32],
    /// Σx of each row; empty unless some column has a weight zero point.
    pub(crate) row_sums: &'a [i32],
    /// How each panel ends.
    pub(crate) columns: &'a [Columns],
    /// Whether the panels write next to each other and clamp alike; see [`Columns::joined`].
    pub(crate) joined: bool,
    /// Where the parts of the convolution write.
    pub(crate) outputs: &'a [Output<'a>],
}

/// Turns the accumulators of `MR` pixels times `NV` panels into stored activations.
///
/// # Safety
/// In a function that enables the instruction set of `arch`; outputs are valid for the pixels and columns, which
/// nobody else touches.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
pub(crate) unsafe fn finish<A: Arch, const MR: usize, const NV: usize>(
    arch: A,
    ending: &Ending<'_>,
    mut sums: [[A::I32; NV]; MR],
) {
    assert!(ending.pixels.len() == MR && ending.columns.len() == NV);
    for panel in 0..NV {
        let columns = &ending.columns[panel];
        let mut lanes = [arch.splat(0); MR];
        for row in 0..MR {
            lanes[row] = sums[row][panel];
        }
        for (lanes, &row_sum) in lanes.iter_mut().zip(ending.row_sums) {
            *lanes = arch.sub(*lanes, arch.splat(row_sum.wrapping_mul(columns.weight_zero)));
        }
        lanes = columns.requantizer.scale(arch, lanes);
        for row in 0..MR {
            sums[row][panel] = lanes[row];
        }
    }
    // SAFETY: the caller vouches for the outputs.
    unsafe {
        match (NV, ending.joined) {
            (2, true) => store_joined::<A, MR, NV, 2>(arch, ending, &sums),
            (3.., true) => store_joined::<A, MR, NV, 1>(arch, ending, &sums),
            _ => store_panels(arch, ending, &sums),
        }
    }
}

/// Narrows and stores `PIXELS` pixels of all panels at a time: one, or two of two panels.
///
/// # Safety
/// As [`finish`]; the panels are joined.
#[inline(always)]
unsafe fn store_joined<A: Arch, const MR: usize, const NV: usize, const PIXELS: usize>(
    arch: A,
    ending: &Ending<'_>,
    sums: &[[A::I32; NV]; MR],
) {
    let columns = &ending.columns[0];
    let count = LANES * (NV - 1) + ending.columns[NV - 1].count;
    let output = ending.outputs[columns.part].as_ptr();
    let clamp = arch.prepare_clamp(columns.requantizer.clamp());
    for first in (0..MR).step_by(PIXELS) {
        let mut values = [arch.splat(0); 4];
        for (index, value) in values.iter_mut().enumerate() {
            // A last pixel without a second is stored twice.
            let row = (first + index / (4 / PIXELS)).min(MR - 1);
            *value = sums[row][(index % (4 / PIXELS)).min(NV - 1)];
        }
        let mut targets = [output; PIXELS];
        for (index, target) in targets.iter_mut().enumerate() {
            let pixel = ending.pixels[(first + index).min(MR - 1)];
            *target = output.wrapping_add(pixel as usize * columns.pixel_stride + columns.offset);
        }
        // SAFETY: the caller vouches for the output of each pixel and column.
        unsafe { arch.store_narrow(targets, arch.narrow(values, clamp), count) }
    }
}

/// Narrows and stores four pixels of a panel at a time.
///
/// # Safety
/// As [`finish`].
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
unsafe fn store_panels<A: Arch, const MR: usize, const NV: usize>(
    arch: A,
    ending: &Ending<'_>,
    sums: &[[A::I32; NV]; MR],
) {
    for panel in 0..NV {
        let columns = &ending.columns[panel];
        let output = ending.outputs[columns.part].as_ptr();
        let clamp = arch.prepare_clamp(columns.requantizer.clamp());
        for first in (0..MR).step_by(4) {
            let mut values = [arch.splat(0); 4];
            let mut targets = [output; 4];
            for (index, (value, target)) in values.iter_mut().zip(&mut targets).enumerate() {
                // Pixels that are missing in the last four are the last one again.
                let row = (first + index).min(MR - 1);
                *value = sums[row][panel];
                *target = output.wrapping_add(ending.pixels[row] as usize * columns.pixel_stride + columns.offset);
            }
            // SAFETY: the caller vouches for the output of each pixel and column.
            unsafe { arch.store_narrow(targets, arch.narrow(values, clamp), columns.count) }
        }
    }
}
