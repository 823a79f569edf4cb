//! Instruction sets: what they are called, what this CPU has, and which one to take.
//!
//! This is the one place that detects CPU features. Everything else receives an [`Isa`] that is
//! known to be usable here, or asks for one.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod amx;
mod choice;
#[cfg(all(not(feature = "std"), any(target_arch = "x86_64", target_arch = "aarch64")))]
mod compiled;
#[cfg(feature = "std")]
mod for_tests;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod portable;
mod set;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use choice::{ISA_VARIABLE, IsaError};
pub use set::{Isa, Storage};
