//! The loop over the dot products of an instruction set.

use core::hint::black_box;

use crate::arch::{Dot, Kernel, LANES};

/// Weights and activations for one step of the tile, each aligned for every instruction set.
#[repr(C, align(64))]
struct Line<const MR: usize, const NV: usize> {
    weights: [[i8; 4 * LANES]; NV],
    quads: [[u8; 4]; MR],
}

impl<const MR: usize, const NV: usize> Line<MR, NV> {
    const NEW: Self = Self { weights: [[3; 4 * LANES]; NV], quads: [[5; 4]; MR] };
}

/// Lines that pass by; small enough for every first-level cache.
pub(super) const LINES: usize = 32;
/// Passes over the lines between two looks at the clock.
pub(super) const PASSES: usize = 64;

/// What a kernel does in a call.
pub(super) trait Counted {
    /// Multiply-accumulates of a call.
    const MACS: usize;
}

/// Tiles of `MR` rows and `NV` panels.
pub(super) struct Passes<const MR: usize, const NV: usize>;

impl<const MR: usize, const NV: usize> Counted for Passes<MR, NV> {
    const MACS: usize = PASSES * LINES * MR * NV * LANES * 4;
}

impl<A: Dot, const MR: usize, const NV: usize> Kernel<A> for Passes<MR, NV> {
    type Call<'a> = ();

    /// # Safety
    /// In a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, (): &()) {
        let lines = [const { Line::<MR, NV>::NEW }; LINES];
        let lines = black_box(&lines);
        let mut sums = [[arch.zero(); NV]; MR];
        for _ in 0..PASSES {
            for line in black_box(lines) {
                step(arch, line, &mut sums);
            }
        }
        let mut total = arch.splat(0);
        for sum in sums.into_iter().flatten() {
            total = arch.add(total, arch.lanes(sum));
        }
        let mut lanes = [0; LANES];
        // SAFETY: `lanes` holds 16 values.
        unsafe { arch.store(lanes.as_mut_ptr(), total) };
        black_box(lanes);
    }
}

/// The products of one line.
#[inline(always)]
fn step<A: Dot, const MR: usize, const NV: usize>(arch: A, line: &Line<MR, NV>, sums: &mut [[A::Sums; NV]; MR]) {
    // SAFETY: a line of weights is 64 bytes, and the panels follow one another in the array.
    let weights: [A::Weights; NV] =
        core::array::from_fn(|panel| unsafe { arch.load_weights(line.weights[panel].as_ptr()) });
    for (quad, sums) in line.quads.iter().zip(sums) {
        // SAFETY: a quad is 4 bytes.
        let quad = unsafe { arch.load_quad(quad.as_ptr()) };
        for (sum, weights) in sums.iter_mut().zip(weights) {
            *sum = arch.dot(*sum, quad, weights);
        }
    }
}
