//! A table of 256 bytes applied to every element: any function of one 8-bit tensor.

mod layer;
mod look_up;
mod spec;
mod table;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use layer::{Lut, prepare};
pub use spec::LutSpec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
