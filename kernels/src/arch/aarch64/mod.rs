//! Instruction sets of 64-bit ARM.

pub(crate) mod dotprod;
pub(crate) mod i8mm;
mod neon;
mod neon_lanes16;
mod neon_pairs16;
mod neon_products;
mod neon_reals;
mod neon_wide;
pub(crate) mod ordered;

pub(crate) use dotprod::DotProd;
pub(crate) use i8mm::I8mm;
pub(crate) use neon::Neon;
