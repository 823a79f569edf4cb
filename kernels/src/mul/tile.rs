//! The multiplication kernel, written once for every instruction set: sixteen elements at a time.
//!
//! A last group of fewer than sixteen overlaps the one before. Runs of fewer than sixteen elements are
//! read with their neighbours' bytes, which are not stored.

use crate::arch::{Elements, Kernel, LANES};
use crate::pairs::PairRun;
use crate::requantize::Requantizer;

/// Groups of sixteen elements that are in flight together.
const GROUPS: usize = 4;

/// A run of elements.
pub(super) struct Tile<'a> {
    /// Where they are.
    pub(super) run: &'a PairRun,
    /// Zero points, stored values.
    pub(super) zeros: [i32; 2],
    /// From products to outputs.
    pub(super) requantizer: &'a Requantizer,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. The inputs are readable for the run's elements or sixteen,
/// whichever is more; the output is writable for the run's elements, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// The products of a run.
pub(super) struct Multiply;

impl<A: Elements> Kernel<A> for Multiply {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        let zeros = [arch.splat(tile.zeros[0]), arch.splat(tile.zeros[1])];
        let clamp = arch.prepare_clamp(tile.requantizer.clamp());
        let len = tile.run.len;
        let mut at = 0;
        while at + GROUPS * LANES <= len {
            // SAFETY: the caller's promise; the groups lie within the run.
            unsafe {
                // One after the other by hand: a loop would keep them in memory.
                let products = [
                    products(arch, tile, zeros, at),
                    products(arch, tile, zeros, at + LANES),
                    products(arch, tile, zeros, at + 2 * LANES),
                    products(arch, tile, zeros, at + 3 * LANES),
                ];
                // Products have 17 bits, and where a left shift makes them longer they come back clamped.
                let bytes = arch.narrow(tile.requantizer.scale(arch, products), clamp);
                arch.store_narrow([tile.run.output.wrapping_add(at)], bytes, GROUPS * LANES);
            }
            at += GROUPS * LANES;
        }
        let count = LANES.min(len);
        while at < len {
            let start = at.min(len - count);
            // SAFETY: the caller's promise; the group ends with the run, or has the run's first elements.
            unsafe {
                let [values] = tile.requantizer.apply(arch, [products(arch, tile, zeros, start)]);
                arch.store_bytes(tile.run.output.wrapping_add(start), values, count);
            }
            at += LANES;
        }
    }
}

/// Products of sixteen elements from `at` on.
///
/// # Safety
/// As [`TileFn`], with sixteen bytes readable.
#[inline(always)]
unsafe fn products<A: Elements>(arch: A, tile: &Tile<'_>, zeros: [A::I32; 2], at: usize) -> A::I32 {
    let PairRun { inputs: [first, second], steps, .. } = tile.run;
    // SAFETY: the caller vouches for sixteen bytes here.
    unsafe { arch.load_products([first.wrapping_add(at * steps[0]), second.wrapping_add(at * steps[1])], zeros) }
}
