//! The loops of 64-bit ARM: as many accumulators as the convolution's tiles have, with their instructions.

use core::arch::aarch64::*;
use core::hint::black_box;

use super::passes::{Counted, LINES, PASSES};
use crate::arch::dotprod::sdot_lane;
use crate::arch::i8mm::smmla;
use crate::arch::{DotProd, I8mm, Kernel, Neon, ordered};

/// Registers of weights of a line.
const WEIGHTS: usize = 4;

/// Operands.
#[repr(C, align(64))]
struct Line {
    weights: [i8; 16 * WEIGHTS],
    activations: [i8; 16],
}

impl Line {
    const NEW: Self = Self { weights: [3; 16 * WEIGHTS], activations: [5; 16] };

    /// The weights' registers and the activations'.
    #[inline(always)]
    fn load(&self) -> ([int8x16_t; WEIGHTS], int8x16_t) {
        let weights = self.weights.as_ptr();
        // SAFETY: the arrays hold as many bytes as are read.
        unsafe {
            let load = [0, 16, 32, 48].map(|at| vld1q_s8(weights.add(at)));
            (load, vld1q_s8(self.activations.as_ptr()))
        }
    }
}

/// Steps of one turn of a loop, so that its end costs little.
const STEPS: usize = 4;

/// Runs `$step(sums, weights, activations)` of `$sums` accumulators over and over. Operands
/// stay in registers: loads beside products cost nothing on most cores, and what they cost on others is no product.
macro_rules! passes {
    ($sums:literal, $step:expr) => {{
        let (weights, activations) = black_box(&Line::NEW).load();
        // SAFETY: zeros are sums.
        let mut sums = [unsafe { vdupq_n_s32(0) }; $sums];
        for _ in 0..PASSES * LINES / STEPS {
            $step(&mut sums, weights, activations);
            $step(&mut sums, weights, activations);
            $step(&mut sums, weights, activations);
            $step(&mut sums, weights, activations);
        }
        for sum in sums {
            // SAFETY: a register operation.
            black_box(unsafe { vaddvq_s32(sum) });
        }
    }};
}

/// Sixteen sums by `smull`, `smlal2` and `sadalp`, in the order of the tiles.
pub(super) struct NeonPasses;

impl Counted for NeonPasses {
    const MACS: usize = PASSES * LINES / STEPS * STEPS * 16 * 16;
}

impl Kernel<Neon> for NeonPasses {
    type Call<'a> = ();

    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn run(_: Neon, (): &()) {
        let step = |sums: &mut [int32x4_t; 16], weights: [int8x16_t; WEIGHTS], activations| {
            // SAFETY: zeros are products.
            let mut before = [unsafe { vdupq_n_s16(0) }; WEIGHTS];
            for row in 0..16 / WEIGHTS {
                let mut products = weights.map(|weights| ordered::smull(activations, weights));
                for column in (0..WEIGHTS).filter(|_| row > 0) {
                    let sum = &mut sums[WEIGHTS * (row - 1) + column];
                    *sum = ordered::sadalp(*sum, before[column]);
                }
                for (products, weights) in products.iter_mut().zip(weights) {
                    *products = ordered::smlal_high(*products, activations, weights);
                }
                before = products;
            }
            for column in 0..WEIGHTS {
                sums[12 + column] = ordered::sadalp(sums[12 + column], before[column]);
            }
        };
        passes!(16, step);
    }
}

/// Twenty-four sums by `sdot`.
pub(super) struct DotPasses;

impl Counted for DotPasses {
    const MACS: usize = PASSES * LINES / STEPS * STEPS * 24 * 16;
}

impl Kernel<DotProd> for DotPasses {
    type Call<'a> = ();

    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn run(_: DotProd, (): &()) {
        let step = |sums: &mut [int32x4_t; 24], weights: [int8x16_t; WEIGHTS], activations| {
            for (index, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller vouches for the CPU.
                *sum = unsafe { sdot_lane::<0>(*sum, weights[index % WEIGHTS], activations) };
            }
        };
        passes!(24, step);
    }
}

/// Twenty-four sums by `smmla`.
pub(super) struct MatrixPasses;

impl Counted for MatrixPasses {
    const MACS: usize = PASSES * LINES / STEPS * STEPS * 24 * 32;
}

impl Kernel<I8mm> for MatrixPasses {
    type Call<'a> = ();

    /// # Safety
    /// The CPU has the instruction set.
    #[inline(always)]
    unsafe fn run(_: I8mm, (): &()) {
        let step = |sums: &mut [int32x4_t; 24], weights: [int8x16_t; WEIGHTS], activations| {
            for (index, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller vouches for the CPU.
                *sum = unsafe { smmla(*sum, activations, weights[index % WEIGHTS]) };
            }
        };
        passes!(24, step);
    }
}
