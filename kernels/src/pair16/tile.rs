//! The kernels of two 16-bit tensors, written once for every instruction set: sixteen elements at a time.
//!
//! A last group of fewer than sixteen overlaps the one before. Runs of fewer than sixteen elements are
//! read with what lies behind them, of which nothing is stored. Widening and narrowing are plain loops over
//! sixteen lanes, which become vector code in each entry point.

use crate::arch::{Arch, Kernel, LANES};
use crate::pairs::PairRun;
use crate::quantization::Multiplier;
use crate::requantize::Requantizer;

/// Bits of headroom that both operands of a sum gain.
const LEFT_SHIFT: u32 = 15;

/// A tile's function: see [`Tile`].
pub(super) const ADD: u8 = 0;
/// As [`ADD`], with the second operand taken off.
pub(super) const SUB: u8 = 1;
/// The product.
pub(super) const MUL: u8 = 2;

/// A run of elements.
pub(super) struct Tile<'a> {
    /// Where they are.
    pub(super) run: &'a PairRun,
    /// `(mantissa, shift)` of each operand to the common scale of a sum.
    pub(super) operands: &'a [Multiplier; 2],
    /// To outputs.
    pub(super) requantizer: &'a Requantizer,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. The inputs are readable for the run's elements or sixteen,
/// whichever is more; the output is writable for the run's elements, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// The sums, differences or products of a run.
pub(super) struct Combine<const FUNCTION: u8>;

impl<A: Arch, const FUNCTION: u8> Kernel<A> for Combine<FUNCTION> {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        let [first, second] = *tile.operands;
        let by = [
            arch.prepare_rescale(arch.splat(first.mantissa), arch.splat(0), arch.splat(-first.shift)),
            arch.prepare_rescale(arch.splat(second.mantissa), arch.splat(0), arch.splat(-second.shift)),
        ];
        let &PairRun { inputs: [first, second], steps, output, len } = tile.run;
        let count = LANES.min(len);
        let mut at = 0;
        while at < len {
            let start = at.min(len - count);
            // SAFETY: the caller vouches for sixteen elements from the run's start on and for the whole run, in which
            // sixteen from `start` on lie.
            let [a, b] = unsafe { [widened(first, start * steps[0]), widened(second, start * steps[1])] };
            let value = combined::<A, FUNCTION>(arch, a, b, by);
            let [scaled] = tile.requantizer.apply(arch, [value]);
            let mut lanes = [0i32; LANES];
            // SAFETY: the array has sixteen values.
            unsafe { arch.store(lanes.as_mut_ptr(), scaled) };
            let mut narrow = [0i16; LANES];
            for (narrow, &lane) in narrow.iter_mut().zip(&lanes) {
                *narrow = lane as i16;
            }
            // SAFETY: the caller vouches for the run's outputs, of which `count` begin at `start`.
            unsafe {
                let target = output.wrapping_add(2 * start);
                // A whole vector is one store, a part of one a call.
                match count {
                    LANES => core::ptr::copy_nonoverlapping(narrow.as_ptr().cast(), target, 2 * LANES),
                    _ => core::ptr::copy_nonoverlapping(narrow.as_ptr().cast(), target, 2 * count),
                }
            }
            at += LANES;
        }
    }
}

/// What is requantized of sixteen pairs.
#[inline(always)]
fn combined<A: Arch, const FUNCTION: u8>(arch: A, a: [i32; LANES], b: [i32; LANES], by: [A::Rescale; 2]) -> A::I32 {
    if FUNCTION == MUL {
        let mut products = [0i32; LANES];
        for lane in 0..LANES {
            products[lane] = a[lane].wrapping_mul(b[lane]);
        }
        // SAFETY: the array has sixteen values.
        return unsafe { arch.load(products.as_ptr()) };
    }
    // SAFETY: the arrays have sixteen values.
    let (a, b) = unsafe { (arch.load(a.as_ptr()), arch.load(b.as_ptr())) };
    let a = arch.rescale(arch.shift_left::<LEFT_SHIFT>(a), by[0]);
    let b = arch.rescale(arch.shift_left::<LEFT_SHIFT>(b), by[1]);
    if FUNCTION == SUB { arch.sub(a, b) } else { arch.add(a, b) }
}

/// Sixteen elements as lanes.
///
/// # Safety
/// Sixteen elements are readable `offset` bytes behind `source`.
#[inline(always)]
unsafe fn widened(source: *const u8, offset: usize) -> [i32; LANES] {
    // SAFETY: the caller's promise; the read takes any alignment.
    let narrow = unsafe { source.wrapping_add(offset).cast::<[i16; LANES]>().read_unaligned() };
    let mut wide = [0i32; LANES];
    for (wide, &narrow) in wide.iter_mut().zip(&narrow) {
        *wide = i32::from(narrow);
    }
    wide
}
