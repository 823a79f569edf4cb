//! The epilogue of a tile whose outputs are bytes: accumulators become stored activations. Outputs of float32 are a rare form of it.
//!
//! Four vectors are narrowed to bytes together. Where the panels of a tile write next to each other they are
//! four (or two) panels of one pixel, which is then stored at once; else four pixels of one panel.

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use super::outliers::{self, ClassOutlier};
use super::panel_epilogue::PanelEpilogue;
use super::real_epilogue::{self, Reals, Target};
use super::shape::{MAX_PANELS, MAX_ROWS};
use crate::arch::{Arch, LANES};
use crate::epilogue::Epilogue;
use crate::memory::Output;
use crate::requantize::{Form, Lanes};

/// Rows and panels of accumulators, and where their outputs go.
#[derive(Clone, Copy)]
pub(crate) struct ByteEpilogue<'a> {
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// Index of each row's output pixel.
    pub(crate) pixels: &'a [u32],
    /// Σx of each row; empty unless some column has a weight zero point.
    pub(crate) row_sums: &'a [i32],
    /// What the packed weights of each panel lack; empty where they are whole.
    pub(crate) outliers: &'a [Vec<ClassOutlier>],
    /// What becomes of each panel.
    pub(crate) panels: &'a [PanelEpilogue],
    /// How all of them are scaled.
    pub(crate) form: Form,
    /// Whether a pixel of all panels is stored at once.
    pub(crate) contiguous: bool,
    /// Where the parts of the convolution write.
    pub(crate) outputs: &'a [Output<'a>],
    /// Where sums lie that need more than [`Form::Clamped`] or [`Form::Rounded`].
    pub(crate) scratch: &'a Scratch,
    /// What [`Form::Real`] needs.
    pub(crate) reals: Reals<'a>,
}

/// Room for the sums of a tile, of one thread.
pub(crate) struct Scratch(UnsafeCell<MaybeUninit<[Lanes; MAX_ROWS * MAX_PANELS]>>);

impl Scratch {
    /// Room for any tile.
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }
}

/// Outputs of 8 bits.
pub(crate) struct ToBytes;

impl<A: Arch> Epilogue<A> for ToBytes {
    type Call<'a> = ByteEpilogue<'a>;

    /// What is rare goes through memory, and memory that is not this function's own: the compiler would keep the sums
    /// of the other paths in it, too.
    #[inline(always)]
    unsafe fn finish<const MR: usize, const NV: usize>(
        arch: A,
        epilogue: &ByteEpilogue<'_>,
        mut sums: [[A::I32; NV]; MR],
    ) {
        assert!(epilogue.rows.len() == MR && epilogue.pixels.len() == MR && epilogue.panels.len() == NV);
        if !epilogue.outliers.is_empty() || !epilogue.row_sums.is_empty() {
            // SAFETY: the caller's promise.
            sums = unsafe { correct(arch, epilogue, sums) };
        }
        if matches!(epilogue.form, Form::General | Form::Float | Form::Real) {
            // SAFETY: the caller's promise.
            return unsafe { apply(arch, epilogue, sums) };
        }
        match epilogue.form {
            Form::ProvenFloat if A::FLOAT_DEPTH > 0 => sums = scale::<A, MR, NV, PROVEN_FLOAT>(arch, epilogue, sums),
            Form::ProvenSigned if A::FLOAT_DEPTH > 0 => sums = scale::<A, MR, NV, PROVEN_SIGNED>(arch, epilogue, sums),
            Form::Clamped => sums = scale::<A, MR, NV, CLAMPED>(arch, epilogue, sums),
            _ => sums = scale::<A, MR, NV, ROUNDED>(arch, epilogue, sums),
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe {
            match (NV, epilogue.contiguous) {
                (2, true) => store_contiguous::<A, MR, NV, 2>(arch, epilogue, &sums),
                (3.., true) => store_contiguous::<A, MR, NV, 1>(arch, epilogue, &sums),
                _ => store_panels(arch, epilogue, &sums),
            }
        }
    }
}

/// The forms that are scaled in registers, as a parameter.
const CLAMPED: usize = 0;
const ROUNDED: usize = 1;
const PROVEN_FLOAT: usize = 2;
const PROVEN_SIGNED: usize = 3;

/// Scales all panels, one after the other by hand: a loop would keep the sums in memory.
#[inline(always)]
fn scale<A: Arch, const MR: usize, const NV: usize, const FORM: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    sums: [[A::I32; NV]; MR],
) -> [[A::I32; NV]; MR] {
    let sums = scale_panel::<A, MR, NV, 0, FORM>(arch, epilogue, sums);
    let sums = scale_panel::<A, MR, NV, 1, FORM>(arch, epilogue, sums);
    let sums = scale_panel::<A, MR, NV, 2, FORM>(arch, epilogue, sums);
    scale_panel::<A, MR, NV, 3, FORM>(arch, epilogue, sums)
}

/// Scales a panel, if there is that panel.
#[inline(always)]
fn scale_panel<A: Arch, const MR: usize, const NV: usize, const PANEL: usize, const FORM: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    mut sums: [[A::I32; NV]; MR],
) -> [[A::I32; NV]; MR] {
    if PANEL >= NV {
        return sums;
    }
    let mut lanes = [arch.splat(0); MR];
    for row in 0..MR {
        lanes[row] = sums[row][PANEL];
    }
    let requantizer = &epilogue.panels[PANEL].requantizer;
    lanes = match FORM {
        PROVEN_FLOAT => requantizer.scale_proven::<A, MR, false>(arch, lanes),
        PROVEN_SIGNED => requantizer.scale_proven::<A, MR, true>(arch, lanes),
        CLAMPED => requantizer.scale_clamped(arch, lanes),
        _ => requantizer.scale_rounded(arch, lanes),
    };
    for row in 0..MR {
        sums[row][PANEL] = lanes[row];
    }
    sums
}

/// Index of a vector of sums in the scratch, the last first: stored in the order in which they are held, the compiler would
/// take all stores for one copy of an array, and keep that in memory for the paths that put nothing down, too.
const fn scratch_index<const MR: usize, const NV: usize>(row: usize, panel: usize) -> usize {
    LANES * (MR * NV - 1 - (row * NV + panel))
}

/// Puts the sums into the scratch.
///
/// # Safety
/// In a function that enables the instruction set of `arch`.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
unsafe fn put_down<A: Arch, const MR: usize, const NV: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    sums: [[A::I32; NV]; MR],
) -> *mut i32 {
    const { assert!(MR * NV <= MAX_ROWS * MAX_PANELS) };
    let scratch = epilogue.scratch.0.get().cast::<i32>();
    for row in 0..MR {
        for panel in 0..NV {
            // SAFETY: the scratch has room for this many vectors, and belongs to this thread.
            unsafe { arch.store(scratch.add(scratch_index::<MR, NV>(row, panel)), sums[row][panel]) }
        }
    }
    scratch
}

/// Adds what the packed weights lack, and takes off what a weight zero point brings.
///
/// # Safety
/// As [`Epilogue::finish`] of [`ToBytes`].
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
unsafe fn correct<A: Arch, const MR: usize, const NV: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    mut sums: [[A::I32; NV]; MR],
) -> [[A::I32; NV]; MR] {
    // SAFETY: the caller enables the instruction set.
    let scratch = unsafe { put_down(arch, epilogue, sums) };
    for panel in 0..NV {
        let outliers = epilogue.outliers.get(panel).map_or(&[][..], Vec::as_slice);
        if outliers.is_empty() && epilogue.row_sums.is_empty() {
            continue;
        }
        for row in 0..MR {
            // SAFETY: put down above; the caller vouches for the activations.
            unsafe {
                let at = scratch.add(scratch_index::<MR, NV>(row, panel));
                let mut sum = outliers::add(arch, outliers, epilogue.rows[row], arch.load(at));
                if let Some(&row_sum) = epilogue.row_sums.get(row) {
                    sum = arch.sub(sum, arch.splat(row_sum.wrapping_mul(epilogue.panels[panel].weight_zero)));
                }
                arch.store(at, sum);
            }
        }
    }
    for row in 0..MR {
        for panel in 0..NV {
            // SAFETY: put down above.
            sums[row][panel] = unsafe { arch.load(scratch.add(scratch_index::<MR, NV>(row, panel))) };
        }
    }
    sums
}

/// Requantizes in any form, and stores, one vector at a time.
///
/// # Safety
/// As [`Epilogue::finish`] of [`ToBytes`].
#[inline(always)]
unsafe fn apply<A: Arch, const MR: usize, const NV: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    sums: [[A::I32; NV]; MR],
) {
    // SAFETY: the caller enables the instruction set.
    let scratch = unsafe { put_down(arch, epilogue, sums) };
    for panel in 0..NV {
        let of_panel = &epilogue.panels[panel];
        let Some(by) = &of_panel.reals else { continue };
        let first = epilogue.outputs[of_panel.part].as_ptr().wrapping_add(of_panel.offset);
        for row in 0..MR {
            let pixel = epilogue.pixels[row] as usize;
            let address = first.wrapping_add(pixel * of_panel.pixel_stride);
            let target = Target { pixel, panel, address, count: of_panel.count };
            // SAFETY: put down above; the caller vouches for the output.
            unsafe {
                let sums = scratch.add(scratch_index::<MR, NV>(row, panel)).cast::<[i32; LANES]>().read();
                real_epilogue::store(by, &epilogue.reals, &target, sums);
            }
        }
    }
    if epilogue.form == Form::Real {
        return;
    }
    for panel in 0..NV {
        let of_panel = &epilogue.panels[panel];
        let output = epilogue.outputs[of_panel.part].as_ptr().wrapping_add(of_panel.offset);
        for row in 0..MR {
            // SAFETY: put down above; the caller vouches for the output.
            unsafe {
                let sum = arch.load(scratch.add(scratch_index::<MR, NV>(row, panel)));
                let [values] = of_panel.requantizer.apply(arch, [sum]);
                let target = output.wrapping_add(epilogue.pixels[row] as usize * of_panel.pixel_stride);
                arch.store_bytes(target, values, of_panel.count);
            }
        }
    }
}

/// Narrows and stores `PIXELS` pixels of all panels at a time: one, or two of two panels.
///
/// # Safety
/// As [`Epilogue::finish`] of [`ToBytes`]; the panels are contiguous.
#[inline(always)]
unsafe fn store_contiguous<A: Arch, const MR: usize, const NV: usize, const PIXELS: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    sums: &[[A::I32; NV]; MR],
) {
    let of_panel = &epilogue.panels[0];
    let count = LANES * (NV - 1) + epilogue.panels[NV - 1].count;
    let output = epilogue.outputs[of_panel.part].as_ptr();
    let clamp = arch.prepare_clamp(of_panel.requantizer.clamp());
    for first in (0..MR).step_by(PIXELS) {
        let mut values = [arch.splat(0); 4];
        for (index, value) in values.iter_mut().enumerate() {
            // A last pixel without a second is stored twice.
            let row = (first + index / (4 / PIXELS)).min(MR - 1);
            *value = sums[row][(index % (4 / PIXELS)).min(NV - 1)];
        }
        let mut targets = [output; PIXELS];
        for (index, target) in targets.iter_mut().enumerate() {
            let pixel = epilogue.pixels[(first + index).min(MR - 1)];
            *target = output.wrapping_add(pixel as usize * of_panel.pixel_stride + of_panel.offset);
        }
        // SAFETY: the caller vouches for the output of each pixel and column.
        unsafe { arch.store_narrow(targets, arch.narrow(values, clamp), count) }
    }
}

/// Narrows and stores four pixels of a panel at a time.
///
/// # Safety
/// As [`Epilogue::finish`] of [`ToBytes`].
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
unsafe fn store_panels<A: Arch, const MR: usize, const NV: usize>(
    arch: A,
    epilogue: &ByteEpilogue<'_>,
    sums: &[[A::I32; NV]; MR],
) {
    for panel in 0..NV {
        let of_panel = &epilogue.panels[panel];
        let output = epilogue.outputs[of_panel.part].as_ptr();
        let clamp = arch.prepare_clamp(of_panel.requantizer.clamp());
        for first in (0..MR).step_by(4) {
            let mut values = [arch.splat(0); 4];
            let mut targets = [output; 4];
            for (index, (value, target)) in values.iter_mut().zip(&mut targets).enumerate() {
                // Pixels that are missing in the last four are the last one again.
                let row = (first + index).min(MR - 1);
                *value = sums[row][panel];
                *target = output.wrapping_add(epilogue.pixels[row] as usize * of_panel.pixel_stride + of_panel.offset);
            }
            // SAFETY: the caller vouches for the output of each pixel and column.
            unsafe { arch.store_narrow(targets, arch.narrow(values, clamp), of_panel.count) }
        }
    }
}
