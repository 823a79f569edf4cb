//! The loop over fused products of float32.

use core::hint::black_box;

use super::passes::{Counted, LINES, PASSES};
use crate::arch::{Kernel, LANES, Reals};

/// Tiles of `MR` rows and `NR` registers of `WIDTH` columns.
pub(super) struct FusedPasses<const MR: usize, const NR: usize, const WIDTH: usize>;

impl<const MR: usize, const NR: usize, const WIDTH: usize> Counted for FusedPasses<MR, NR, WIDTH> {
    const MACS: usize = PASSES * LINES * MR * NR * WIDTH;
}

/// Weights and activations for one step of the tile.
#[repr(C, align(64))]
struct Line<const MR: usize, const NR: usize> {
    weights: [[f32; LANES]; NR],
    activations: [f32; MR],
}

impl<A: Reals, const MR: usize, const NR: usize, const WIDTH: usize> Kernel<A> for FusedPasses<MR, NR, WIDTH> {
    type Call<'a> = ();

    /// # Safety
    /// In a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, (): &()) {
        const { assert!(WIDTH == A::WIDTH32, "the count is that of the registers") };
        let lines = [const { Line::<MR, NR> { weights: [[0.5; LANES]; NR], activations: [0.25; MR] } }; LINES];
        let lines = black_box(&lines);
        let mut sums = [[arch.splat_f32(0.0); NR]; MR];
        for _ in 0..PASSES {
            for line in black_box(lines) {
                // SAFETY: a register has at most sixteen lanes.
                let weights: [A::F32; NR] =
                    core::array::from_fn(|register| unsafe { arch.load_f32(line.weights[register].as_ptr()) });
                for (&activation, sums) in line.activations.iter().zip(&mut sums) {
                    let activation = arch.splat_f32(activation);
                    for (sum, weights) in sums.iter_mut().zip(weights) {
                        *sum = arch.mul_add_f32(*sum, activation, weights);
                    }
                }
            }
        }
        let mut total = arch.splat_f32(0.0);
        for sum in sums.into_iter().flatten() {
            total = arch.add_f32(total, sum);
        }
        let mut lanes = [0.0; LANES];
        // SAFETY: a register has at most sixteen lanes.
        unsafe { arch.store_f32(lanes.as_mut_ptr(), total) };
        black_box(lanes);
    }
}
