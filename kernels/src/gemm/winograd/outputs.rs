//! The output transform: sums of products become accumulators, and those outputs.
//!
//! ```text
//!       1  -4  -4   1   1   0        f = 1
//! A1 =  0  -2   2   1  -1   0            2         T = A1 M A1^T
//!       0  -1  -1   1   1   0            4         64 · Y[k][l] = T[k][l] · f[k] · f[l] / 9
//!       0  -1   1   2  -2   1            4
//! ```
//!
//! All of it is modulo 2^32, where dividing by 9 is to multiply with its inverse. An accumulator without its bias lies
//! within `[-2^25, 2^25)` (`proof.rs`), so 64 times it is a signed number of 32 bits, and the shift is exact. Lanes are
//! columns.

use super::super::epilogue::{ByteEpilogue, Scratch, ToBytes};
use super::super::panel_epilogue::PanelEpilogue;
use super::super::real_epilogue::Reals;
use super::patch::{POINTS, Patch, SIDE, SPAN};
use crate::arch::{Kernel, LANES, Lanes16};
use crate::epilogue::Epilogue;
use crate::memory::Output;
use crate::requantize::Form;

/// What outputs are computed from, and where they go.
pub(super) struct OutputCall<'a> {
    pub(super) patches: &'a [Patch],
    /// Pixels from a row of outputs to the next.
    pub(super) row_pixels: usize,
    /// Patches, then panels, then points, then columns.
    pub(super) products: &'a [i32],
    /// Biases of each panel.
    pub(super) bias: &'a [[i32; LANES]],
    /// What becomes of each panel.
    pub(super) panels: &'a [PanelEpilogue],
    /// How all of them are scaled.
    pub(super) form: Form,
    /// Where the parts of the convolution write.
    pub(super) outputs: &'a [Output<'a>],
    pub(super) scratch: &'a Scratch,
    /// How activations were quantized, where outputs are float32.
    pub(super) reals: Reals<'a>,
}

/// An entry point of [`OutputTransform`].
///
/// # Safety
/// The CPU has the instruction set. The patches' outputs are valid for writes in the panels' columns, which nobody else
/// touches.
pub(super) type OutputFn = unsafe fn(&OutputCall<'_>);

/// The inverse of 9 modulo 2^32.
const NINTH: i32 = 0x38E3_8E39;
/// What a row of `A1` was divided by, as bits.
const ROW_BITS: [u32; SIDE] = [0, 1, 2, 2];
/// Bits by which accumulators come out too large.
const EXCESS_BITS: u32 = 6;

/// Transforms the products of patches. `WHOLE` says whether patches that are inside the image end in one epilogue, which loads
/// its constants once; without it every row ends in one of its own, which is less code.
pub(super) struct OutputTransform<const WHOLE: bool>;

impl<A: Lanes16, const WHOLE: bool> Kernel<A> for OutputTransform<WHOLE> {
    type Call<'a> = OutputCall<'a>;

    /// # Safety
    /// As [`OutputFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, call: &OutputCall<'_>) {
        let panels = call.panels.len();
        assert!(call.products.len() >= call.patches.len() * panels * POINTS * LANES && call.bias.len() == panels);
        for (index, patch) in call.patches.iter().enumerate() {
            for panel in 0..panels {
                let products = &call.products[(index * panels + panel) * POINTS * LANES..][..POINTS * LANES];
                // SAFETY: the caller's promise.
                unsafe { finish_patch::<A, WHOLE>(arch, call, patch, panel, products) }
            }
        }
    }
}

/// Transforms the products of one patch and panel.
///
/// # Safety
/// As [`OutputFn`], in a function that enables the instruction set of `arch`; there are sixteen products for each point.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the values in registers")]
#[inline(always)]
unsafe fn finish_patch<A: Lanes16, const WHOLE: bool>(
    arch: A,
    call: &OutputCall<'_>,
    patch: &Patch,
    panel: usize,
    products: &[i32],
) {
    let nothing = arch.splat(0);
    // SAFETY: a panel's bias has sixteen values.
    let bias = unsafe { arch.load(call.bias[panel].as_ptr()) };
    let mut rows = [[nothing; SPAN]; SIDE];
    for x in 0..SPAN {
        let mut column = [nothing; SPAN];
        for y in 0..SPAN {
            // SAFETY: there are sixteen products for each point.
            column[y] = unsafe { arch.load(products.as_ptr().add((SPAN * y + x) * LANES)) };
        }
        let column = step(arch, column);
        for y in 0..SIDE {
            rows[y][x] = column[y];
        }
    }
    if WHOLE && patch.inside == [SIDE; 2] {
        let mut sums = [nothing; SIDE * SIDE];
        let mut pixels = [0; SIDE * SIDE];
        for y in 0..SIDE {
            let row = accumulators(arch, rows[y], y, bias);
            for x in 0..SIDE {
                sums[SIDE * y + x] = row[x];
                pixels[SIDE * y + x] = (patch.pixel + y * call.row_pixels + x) as u32;
            }
        }
        // SAFETY: the caller's promise.
        return unsafe { store(arch, call, panel, &pixels, sums) };
    }
    for (y, &row) in rows.iter().enumerate().take(patch.inside[0]) {
        let [a, b, c, d] = accumulators(arch, row, y, bias);
        let last = patch.inside[1] - 1;
        // Pixels outside the image are the last one again.
        let sums = match last {
            0 => [a; SIDE],
            1 => [a, b, b, b],
            2 => [a, b, c, c],
            _ => [a, b, c, d],
        };
        let pixels = core::array::from_fn(|x| (patch.pixel + y * call.row_pixels + x.min(last)) as u32);
        // SAFETY: the caller's promise.
        unsafe { store::<A, SIDE>(arch, call, panel, &pixels, sums) }
    }
}

/// The accumulators of row `y` of a patch.
#[inline(always)]
fn accumulators<A: Lanes16>(arch: A, row: [A::I32; SPAN], y: usize, bias: A::I32) -> [A::I32; SIDE] {
    let mut sums = step(arch, row);
    for x in 0..SIDE {
        let factor = arch.splat(NINTH << (ROW_BITS[y] + ROW_BITS[x]));
        sums[x] = arch.add(arch.shift_right::<EXCESS_BITS>(arch.mul(sums[x], factor)), bias);
    }
    sums
}

/// Requantizes and stores outputs of a panel.
///
/// # Safety
/// As [`OutputFn`], in a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn store<A: Lanes16, const COUNT: usize>(
    arch: A,
    call: &OutputCall<'_>,
    panel: usize,
    pixels: &[u32; COUNT],
    sums: [A::I32; COUNT],
) {
    let mut lanes = [[arch.splat(0)]; COUNT];
    for pixel in 0..COUNT {
        lanes[pixel] = [sums[pixel]];
    }
    let epilogue = ByteEpilogue {
        rows: &[core::ptr::null(); COUNT],
        pixels,
        row_sums: &[],
        outliers: &[],
        panels: &call.panels[panel..=panel],
        form: call.form,
        contiguous: false,
        outputs: call.outputs,
        scratch: call.scratch,
        reals: call.reals,
    };
    // SAFETY: the caller vouches for the outputs.
    unsafe { ToBytes::finish(arch, &epilogue, lanes) }
}

/// `A1 m` of one column, or row.
#[inline(always)]
fn step<A: Lanes16>(arch: A, m: [A::I32; SPAN]) -> [A::I32; SIDE] {
    let (sum, difference) = (arch.add(m[1], m[2]), arch.sub(m[1], m[2]));
    let (far_sum, far_difference) = (arch.add(m[3], m[4]), arch.sub(m[3], m[4]));
    [
        arch.add(arch.sub(m[0], arch.shift_left::<2>(sum)), far_sum),
        arch.sub(far_difference, arch.shift_left::<1>(difference)),
        arch.sub(far_sum, sum),
        arch.add(arch.sub(arch.shift_left::<1>(far_difference), difference), m[5]),
    ]
}
