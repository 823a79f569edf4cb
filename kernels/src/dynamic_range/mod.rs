//! Activations of float32 as stored bytes, with a scale and a zero point that follow from the activations themselves.
//!
//! A *row* is what has a scale of its own: an image of a convolution's input, or a row of a matrix. Two layers follow each other, as
//! no element can be quantized before all of its row have been seen:
//!
//! ```text
//! range       range of each piece of a row                 Range       pieces.rs range.rs
//! quantize    range of the row, its scale, its bytes       Quantize    scale.rs bytes.rs
//! ```

mod bytes;
mod layer;
mod pieces;
mod range;
mod scale;
mod spec;
mod table;

pub use layer::{Quantize, Range, prepare};
pub use spec::{DynamicRangeSpec, Quantized};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
