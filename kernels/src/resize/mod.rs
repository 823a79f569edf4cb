//! Bilinear resizing: each output pixel from four input pixels and a weight for each axis.
//!
//! Where the pixels are and how they are weighed is settled before: a table for the rows and one for the columns. A row of
//! outputs is a loop over its columns and over blocks of sixteen channels. Float forms round every product and sum, in the
//! order of the specification; integer forms are exact, so they may factor.

mod layer;
mod row;
mod spec;
mod table;

#[cfg(target_arch = "aarch64")]
mod neon;

pub use layer::{Resize, prepare};
pub use spec::{ResizeSpec, Sample, Samples};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
