//! The extremum kernel, written once for every instruction set.

use crate::arch::{Kernel, Wide};
use crate::pairs::PairRun;

/// Registers that are computed together.
const GROUPS: usize = 4;

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. The inputs are readable for the run's elements or a register,
/// whichever is more; the output is writable for the run's elements, which nobody else touches.
pub(super) type TileFn = unsafe fn(&PairRun);

/// The greater or the lesser of each pair of a run. The last register overlaps the one before it.
pub(super) struct Extreme<const MAXIMUM: bool>;

impl<A: Wide, const MAXIMUM: bool> Kernel<A> for Extreme<MAXIMUM> {
    type Call<'a> = PairRun;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, run: &PairRun) {
        let &PairRun { inputs: [first, second], steps, output, len } = run;
        let count = A::WIDTH.min(len);
        let mut at = 0;
        // Small registers leave little time for addresses.
        while steps == [1, 1] && at + GROUPS * A::WIDTH <= len {
            for at in (at..at + GROUPS * A::WIDTH).step_by(A::WIDTH) {
                // SAFETY: the caller vouches for the run's elements.
                unsafe {
                    let (a, b) = (arch.load_wide(first.wrapping_add(at)), arch.load_wide(second.wrapping_add(at)));
                    let chosen = if MAXIMUM { arch.max_wide(a, b) } else { arch.min_wide(a, b) };
                    arch.store_wide(output.wrapping_add(at), chosen, A::WIDTH);
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
                let chosen = if MAXIMUM { arch.max_wide(a, b) } else { arch.min_wide(a, b) };
                arch.store_wide(output.wrapping_add(start), chosen, count);
            }
            at += A::WIDTH;
        }
    }
}
