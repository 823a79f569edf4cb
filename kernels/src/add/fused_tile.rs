//! The addition that is one fused scaled add, written once for every instruction set.

use crate::arch::{FusedAdd, FusedAddScale, Kernel};
use crate::pairs::PairRun;

/// A run of elements.
pub(super) struct FusedTile<'a> {
    /// Where they are.
    pub(super) run: &'a PairRun,
    /// From both inputs to the output.
    pub(super) weights: &'a FusedAddScale,
    /// Least and greatest output byte.
    pub(super) clamp: [u8; 2],
}

/// Registers that are computed together.
const GROUPS: usize = 2;

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. The inputs are readable for the run's elements or a register,
/// whichever is more; the output is writable for the run's elements, which nobody else touches.
pub(super) type FusedTileFn = unsafe fn(&FusedTile<'_>);

/// The additions of a run. The last register overlaps the one before it.
pub(super) struct Fused;

impl<A: FusedAdd> Kernel<A> for Fused {
    type Call<'a> = FusedTile<'a>;

    /// # Safety
    /// As [`FusedTileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &FusedTile<'_>) {
        let weights = arch.prepare_fused_add(tile.weights);
        let (min, max) = (arch.splat_wide(tile.clamp[0]), arch.splat_wide(tile.clamp[1]));
        let &PairRun { inputs: [first, second], steps, output, len } = tile.run;
        let count = A::WIDTH.min(len);
        let mut at = 0;
        // Small registers leave little time for addresses.
        while steps == [1, 1] && at + GROUPS * A::WIDTH <= len {
            for at in (at..at + GROUPS * A::WIDTH).step_by(A::WIDTH) {
                // SAFETY: the caller vouches for the run's elements.
                unsafe {
                    let (a, b) = (arch.load_wide(first.wrapping_add(at)), arch.load_wide(second.wrapping_add(at)));
                    let sums = arch.min_wide(arch.max_wide(arch.fused_add(a, b, weights), min), max);
                    arch.store_wide(output.wrapping_add(at), sums, A::WIDTH);
                }
            }
            at += GROUPS * A::WIDTH;
        }
        while at < len {
            let start = at.min(len - count);
            // SAFETY: the caller vouches for a register from the run's start on and for the whole run, in
            // which a register from `start` on lies, and for the run's outputs.
            unsafe {
                let a = arch.load_wide(first.wrapping_add(start * steps[0]));
                let b = arch.load_wide(second.wrapping_add(start * steps[1]));
                let sums = arch.min_wide(arch.max_wide(arch.fused_add(a, b, weights), min), max);
                arch.store_wide(output.wrapping_add(start), sums, count);
            }
            at += A::WIDTH;
        }
    }
}
