//! Multiplication of two tensors: the product of the centred values is exact in 32 bits and requantized
//! like a sum of convolution.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Mul, prepare};
pub use spec::MulSpec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
