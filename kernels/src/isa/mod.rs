//! Instruction sets: what they are called, what this CPU has, and which one to take.
//!
//! This is the one place that detects CPU features. Everything else receives an [`Isa`] that is
//! known to be usable here, or asks for one.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), path = "portable.rs")]
mod architecture;
mod choice;
mod for_tests;
mod set;

pub use choice::{ISA_VARIABLE, IsaError};
pub use set::{Isa, Storage};
