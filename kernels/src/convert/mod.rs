//! Conversions at the borders of a graph: file bytes, stored bytes and 32-bit floats.
//!
//! Floats are dense little-endian bytes without alignment.

mod dequantize;
mod family;
mod floats;
mod quantize;
mod table;
mod xor;

#[cfg(target_arch = "aarch64")]
mod neon;

pub use dequantize::{Dequantize, DequantizeSpec, prepare_dequantize};
pub use quantize::{Quantize, QuantizeSpec, prepare_quantize};
pub(crate) use table::kernels;
pub use xor::{Xor, XorSpec, prepare_xor};

#[cfg(test)]
mod tests;
