//! The kernels of two float32 tensors, written once for every instruction set: a register at a time.
//!
//! A last register that is not full overlaps the one before. Runs shorter than a register are read with what lies behind them, of
//! which nothing is stored.

use super::spec::PairF32Function as F;
use crate::arch::{Kernel, Reals};
use crate::pairs::PairRun;

const ADD: u8 = F::Add as u8;
const SUB: u8 = F::Sub as u8;
const MUL: u8 = F::Mul as u8;
const DIV: u8 = F::Div as u8;
const SQUARED_DIFFERENCE: u8 = F::SquaredDifference as u8;
const MAXIMUM: u8 = F::Maximum as u8;
const MINIMUM: u8 = F::Minimum as u8;

/// A run of elements.
pub(super) struct Tile<'a> {
    /// Where they are.
    pub(super) run: &'a PairRun,
    /// Of the outputs.
    pub(super) range: [f32; 2],
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. The inputs are readable for the run's elements or a register, whichever is more; the output is
/// writable for the run's elements, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// The function of this number of the pairs of a run.
pub(super) struct Combine<const FUNCTION: u8>;

impl<A: Reals, const FUNCTION: u8> Kernel<A> for Combine<FUNCTION> {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        let &PairRun { inputs: [first, second], steps, output, len } = tile.run;
        let range = [arch.splat_f32(tile.range[0]), arch.splat_f32(tile.range[1])];
        let count = A::WIDTH32.min(len);
        let mut at = 0;
        while at < len {
            let start = at.min(len - count);
            let target = output.wrapping_add(4 * start).cast();
            // SAFETY: the caller vouches for a register from the run's start on and for the whole run, in which one from `start` on
            // lies; of the outputs `count` begin there. Addresses take any alignment.
            unsafe {
                let a = arch.load_f32(first.wrapping_add(start * steps[0]).cast());
                let b = arch.load_f32(second.wrapping_add(start * steps[1]).cast());
                let value = combined::<A, FUNCTION>(arch, (a, b), range);
                match count == A::WIDTH32 {
                    true => arch.store_f32(target, value),
                    false => arch.store_first_f32(target, value, count),
                }
            }
            at += A::WIDTH32;
        }
    }
}

/// What becomes of a register of pairs.
#[inline(always)]
fn combined<A: Reals, const FUNCTION: u8>(arch: A, (a, b): (A::F32, A::F32), range: [A::F32; 2]) -> A::F32 {
    let value = match FUNCTION {
        ADD => arch.add_f32(a, b),
        SUB => arch.sub_f32(a, b),
        MUL => arch.mul_f32(a, b),
        DIV => arch.div_f32(a, b),
        SQUARED_DIFFERENCE => {
            let difference = arch.sub_f32(a, b);
            arch.mul_f32(difference, difference)
        }
        MAXIMUM => return arch.max_f32(a, b),
        MINIMUM => return arch.min_f32(a, b),
        _ => {
            let product = arch.one_nan_f32(arch.mul_f32(a, b));
            return arch.select_f32(arch.at_most_f32(arch.splat_f32(0.0), a), a, product);
        }
    };
    arch.clamp_f32(arch.one_nan_f32(value), range)
}
