//! Exact int8 kernels for x86-64 and ARM, one algorithm per operator family.
pub mod isa;

pub use isa::{Isa, IsaError, Storage};
