//! The strategy for square windows that slide along one or two rows of outputs, eight channels at a time, for ARM.

mod epilogue;
mod kernels;
mod products3;
mod products5;
mod rows;
mod tile;

pub(super) use kernels::{DOTPROD, NEON, SlidingRowKernel};
pub(super) use rows::SlidingRows;
