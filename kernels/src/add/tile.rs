//! The addition kernel, written once for every instruction set: sixteen elements at a time.
//!
//! A last group of fewer than sixteen overlaps the one before. Runs of fewer than sixteen elements are
//! read with their neighbours' bytes, which are not stored.

use super::spec::Operand;
use crate::arch::{Arch, Kernel, LANES};
use crate::pairs::PairRun;
use crate::quantization::Multiplier;
use crate::requantize::Requantizer;

/// Bits of headroom that both operands gain before they are brought to a common scale.
pub(super) const LEFT_SHIFT: u32 = 20;

/// Groups of sixteen elements that are in flight together.
const GROUPS: usize = 4;

/// A run of elements.
pub(super) struct Tile<'a> {
    /// Where they are.
    pub(super) run: &'a PairRun,
    /// How each input comes to the common scale.
    pub(super) operands: &'a [Operand; 2],
    /// From the common scale to outputs.
    pub(super) requantizer: &'a Requantizer,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. The inputs are readable for the run's elements or sixteen,
/// whichever is more; the output is writable for the run's elements, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// An operand on the way to the common scale.
#[derive(Clone, Copy)]
struct Scaled<A: Arch> {
    zero: A::I32,
    by: A::Rescale,
}

impl<A: Arch> Scaled<A> {
    #[inline(always)]
    fn new(arch: A, operand: &Operand) -> Self {
        let Multiplier { mantissa, shift } = operand.multiplier;
        let by = arch.prepare_rescale(arch.splat(mantissa), arch.splat(0), arch.splat(-shift));
        Self { zero: arch.splat(operand.zero), by }
    }

    #[inline(always)]
    fn apply<const HALF: bool>(self, arch: A, stored: A::I32) -> A::I32 {
        let centred = arch.sub(stored, self.zero);
        if HALF {
            arch.shift_left::<{ LEFT_SHIFT - 1 }>(centred)
        } else {
            arch.rescale(arch.shift_left::<LEFT_SHIFT>(centred), self.by)
        }
    }
}

/// The sums or differences of a run. An operand that is said to be `HALF` has the multiplier one half.
pub(super) struct Sum<const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool>;

impl<A: Arch, const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool> Kernel<A>
    for Sum<FIRST_HALF, SECOND_HALF, SUBTRACT>
{
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        let (first, second) = (Scaled::new(arch, &tile.operands[0]), Scaled::new(arch, &tile.operands[1]));
        let scaled = [first, second];
        let mut at = 0;
        while at + GROUPS * LANES <= tile.run.len {
            // SAFETY: the caller's promise; the groups lie within the run.
            unsafe { groups::<A, GROUPS, FIRST_HALF, SECOND_HALF, SUBTRACT>(arch, tile, scaled, [at, LANES]) }
            at += GROUPS * LANES;
        }
        let count = LANES.min(tile.run.len);
        while at < tile.run.len {
            let start = at.min(tile.run.len - count);
            // SAFETY: the caller's promise; the group ends with the run, or has the run's first elements.
            unsafe { groups::<A, 1, FIRST_HALF, SECOND_HALF, SUBTRACT>(arch, tile, scaled, [start, count]) }
            at += LANES;
        }
    }
}

/// Adds or subtracts `N` groups of sixteen elements from `at` on, and stores `count` of each.
///
/// # Safety
/// As [`TileFn`], with sixteen bytes readable for each group and `count` writable.
#[inline(always)]
unsafe fn groups<A: Arch, const N: usize, const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool>(
    arch: A,
    tile: &Tile<'_>,
    [first, second]: [Scaled<A>; 2],
    [at, count]: [usize; 2],
) {
    let run = tile.run;
    let mut sums = [arch.splat(0); N];
    for (group, sum) in sums.iter_mut().enumerate() {
        let at = at + group * LANES;
        // SAFETY: the caller vouches for sixteen bytes here.
        let (a, b) = unsafe {
            (
                arch.load_bytes(run.inputs[0].wrapping_add(at * run.steps[0])),
                arch.load_bytes(run.inputs[1].wrapping_add(at * run.steps[1])),
            )
        };
        let (a, b) = (first.apply::<FIRST_HALF>(arch, a), second.apply::<SECOND_HALF>(arch, b));
        *sum = if SUBTRACT { arch.sub(a, b) } else { arch.add(a, b) };
    }
    let mut output = run.output.wrapping_add(at);
    for values in tile.requantizer.apply(arch, sums) {
        // SAFETY: the caller vouches for the run's outputs.
        unsafe { arch.store_bytes(output, values, count) }
        output = output.wrapping_add(LANES);
    }
}
