//! Vector primitives. This module knows no operator.
//!
//! [`Arch`] is the vocabulary in which every kernel is written once: a vector of sixteen `i32`
//! lanes, however many registers that takes, and sixteen bytes of stored activations that widen
//! to it. Each instruction set implements it in the folder of its architecture.
//!
//! An `Arch` value is a proof: it can only be made by [`InstructionSet::assume`], whose caller vouches that
//! the CPU has the instruction set. Register operations are therefore safe methods; only loads
//! and stores, which trust a pointer, are `unsafe`.
//!
//! Methods are `#[inline(always)]` and carry no `#[target_feature]` themselves. They become the
//! instructions they name once they are inlined into [`InstructionSet::enter`], the one function of each instruction set that
//! enables its features. A [`Kernel`] is a type, and `A::enter::<K>` is its entry point.

mod dot;
mod fused;
mod instruction_set;
mod lanes16;
mod multipliers;
mod pairs16;
mod reals;
mod scalar;
mod vector;
mod wide;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(any(target_arch = "x86_64", test))]
mod pair_dot;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) mod register;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::*;
pub(crate) use dot::{Dot, FloatScale, INTERLEAVED, Interleave};
pub(crate) use instruction_set::{InstructionSet, Kernel};
pub(crate) use lanes16::Lanes16;
pub(crate) use multipliers::{FloatMultipliers, LANES, Multipliers};
#[cfg(any(target_arch = "x86_64", test))]
pub(crate) use pair_dot::PairDot;
pub(crate) use pairs16::{Pairs16, WideMultipliers};
pub(crate) use reals::Reals;
pub(crate) use scalar::Scalar;
pub(crate) use vector::{Arch, Clamp};
pub(crate) use wide::{Divide, Elements, FusedAdd, FusedAddScale, Wide};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;

#[cfg(test)]
mod tests;
