//! What one core can do at most: the dot product of an instruction set, or its fused product of float32, with nothing around it.
//!
//! A tile of accumulators stays in registers while weights and activations of a few KiB pass by in
//! the first-level cache, over and over:
//!
//! ```text
//! for line in lines:                        # L1-resident, so loads are free beside the products
//!     weights[0..NV] = load(line)
//!     for row in 0..MR:
//!         quad = broadcast(line, row)
//!         for panel in 0..NV: sums[row][panel] += quad · weights[panel]
//! ```
//!
//! There are enough accumulators to hide the latency of the product, and no epilogue, no borders,
//! no memory traffic: a real layer can come close to this figure, and not above it.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::time::{Duration, Instant};

use crate::arch::{InstructionSet, Kernel};
use crate::bound::{Bound, Described, table};
use crate::isa::Isa;

#[cfg(target_arch = "aarch64")]
mod arm;
mod fused;
mod passes;
#[cfg(target_arch = "x86_64")]
mod tiles;
#[cfg(target_arch = "x86_64")]
mod widening;

use fused::FusedPasses;
use passes::{Counted, Passes};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(5);

/// The loop of one instruction set.
struct Peak {
    isa: Isa,
    run: unsafe fn(&()),
    /// Multiply-accumulates of a call.
    macs: f64,
}

/// The loops of every instruction set of this build, best first.
static KERNELS: &[&Peak] = table![
    x86_64:
        Peak::of::<Amx, tiles::TilePasses>(),
        Peak::of::<Avx512Vnni, Passes<6, 4>>(),
        Peak::of::<AvxVnni, Passes<6, 1>>(),
        Peak::of::<Avx2, widening::WideningPasses<4>>(),
        Peak::of::<Sse41, widening::WideningPasses<2>>();
    aarch64:
        Peak::of::<I8mm, arm::MatrixPasses>(),
        Peak::of::<DotProd, arm::DotPasses>(),
        Peak::of::<Neon, arm::NeonPasses>();
    any: Peak::of::<Scalar, Passes<1, 1>>()
];

/// The same for products of float32.
static FLOAT32: &[&Peak] = table![
    x86_64:
        Peak::of::<Avx512Vnni, FusedPasses<14, 2, 16>>(),
        Peak::of::<Avx2, FusedPasses<6, 2, 8>>(),
        Peak::of::<Sse41, FusedPasses<2, 4, 4>>();
    aarch64: Peak::of::<Neon, FusedPasses<6, 4, 4>>();
    any: Peak::of::<Scalar, FusedPasses<2, 4, 4>>()
];

impl Peak {
    const fn of<A: InstructionSet, K: Counted + for<'a> Kernel<A, Call<'a> = ()>>() -> Self {
        Self { isa: A::ISA, run: A::enter::<K>, macs: K::MACS as f64 }
    }
}

impl Described for Peak {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        Vec::new()
    }
}

/// The multiply-accumulates per second of one core, the caller's: the best of a few rounds, about
/// 25 milliseconds in all.
///
/// # Panics
/// The CPU lacks the instruction set, or the target a clock (`wasm32-unknown-unknown`).
pub fn measure(isa: Isa) -> f64 {
    best(KERNELS, isa)
}

/// The same of products of float32, each fused with its addition.
///
/// # Panics
/// As [`measure`].
pub fn measure_float32(isa: Isa) -> f64 {
    best(FLOAT32, isa)
}

fn best(table: &'static [&'static Peak], isa: Isa) -> f64 {
    let peak = Bound::new(table, isa).descriptor();
    (0..ROUNDS).map(|_| round(peak)).fold(0.0, f64::max)
}

fn round(peak: &Peak) -> f64 {
    let start = Instant::now();
    let mut macs = 0.0;
    loop {
        // SAFETY: a bound entry proves that the CPU has the instruction set.
        unsafe { (peak.run)(&()) }
        macs += peak.macs;
        let elapsed = start.elapsed();
        if elapsed >= ROUND {
            return macs / elapsed.as_secs_f64();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_instruction_set_has_a_peak_of_its_own() {
        for isa in Isa::for_tests() {
            assert_eq!(Bound::new(KERNELS, isa).descriptor().isa, isa);
            for macs_per_second in [measure(isa), measure_float32(isa)] {
                assert!(macs_per_second.is_finite() && macs_per_second > 1e6, "{isa}: {macs_per_second}");
            }
        }
    }
}
