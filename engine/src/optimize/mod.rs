//! From a graph to a program of kernels.
//!
//! ```text
//! Graph ──fuse──> steps      padding into convolutions, sibling 1x1 convolutions, operators that vanish
//!       ──place─> places     which bytes of which buffer a tensor is: aliases, channels of a concatenation
//!       ──lower─> layers     each step prepared as a kernel, or as the reference in disguise
//!       ──arena─> offsets    buffers whose lifetimes do not meet share memory
//! ```
//!
//! The result is complete: running it does no shape arithmetic, no feature detection and no look-up.

mod arena;
mod execution;
mod fallback;
mod fuse;
mod lend;
mod lifetimes;
mod memory;
mod overwrite;
mod packing;
mod place;
mod program;
mod schedule;
mod staging;
mod steps;
#[cfg(test)]
mod tests;
mod views;

pub(crate) use packing::PackedWeights;
pub(crate) use program::OptimizedProgram;
