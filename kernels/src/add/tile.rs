//! The addition kernel, written once for every instruction set: sixteen elements at a time.
//!
//! A last group of fewer than sixteen overlaps the one before. Runs of fewer than sixteen elements are
//! read with their neighbours' bytes, which are not stored.

use super::Operand;
use crate::arch::{Arch, LANES};
use crate::requantize::Requantizer;

/// Bits of headroom that both operands gain before they are brought to a common scale.
pub(super) const LEFT_SHIFT: u32 = 20;

/// A run of elements.
pub(super) struct Tile<'a> {
    /// Addresses of the first elements.
    pub(super) inputs: [*const u8; 2],
    /// Bytes of the second input from one element to the next: 1, or 0 where sixteen copies of a
    /// single element stand at its address.
    pub(super) second_step: usize,
    /// Address of the first output.
    pub(super) output: *mut u8,
    /// Elements, at least 1.
    pub(super) len: usize,
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
        let (mantissa, shift) = operand.multiplier;
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

/// Adds a run.
///
/// # Safety
/// As [`TileFn`], in a function that enables the instruction set of `arch`. An operand that is said to
/// be `HALF` has the multiplier `(2^30, 0)`.
#[inline(always)]
pub(super) unsafe fn run<A: Arch, const FIRST_HALF: bool, const SECOND_HALF: bool>(arch: A, tile: &Tile<'_>) {
    let [first, second] = tile.operands.each_ref().map(|operand| Scaled::new(arch, operand));
    let count = LANES.min(tile.len);
    let groups = tile.len.div_ceil(LANES);
    let at = |group: usize| (group * LANES).min(tile.len - count);
    let sum = |group: usize| {
        let at = at(group);
        // SAFETY: the caller vouches for sixteen bytes here: `at + 16` is at most the run's elements
        // or, where those are fewer, sixteen.
        let (a, b) = unsafe {
            (
                arch.load_bytes(tile.inputs[0].wrapping_add(at)),
                arch.load_bytes(tile.inputs[1].wrapping_add(at * tile.second_step)),
            )
        };
        arch.add(first.apply::<FIRST_HALF>(arch, a), second.apply::<SECOND_HALF>(arch, b))
    };
    tile.requantizer.apply(arch, groups, sum, |group, values| {
        // SAFETY: the caller vouches for the run's outputs.
        unsafe { arch.store_bytes(tile.output.wrapping_add(at(group)), values, count) }
    });
}
