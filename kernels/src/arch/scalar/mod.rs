//! Portable lanes: arrays and loops. The other instruction sets compute what these files say.

mod dot;
mod lanes16;
#[cfg(test)]
mod pair_dot;
mod pairs16;
mod reals;
mod vector;
mod wide;

pub(crate) use vector::Scalar;
