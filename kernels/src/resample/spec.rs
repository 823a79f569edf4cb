//! What a resampling is to do.

use alloc::vec::Vec;

/// The pixels along one axis that an output pixel is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first of them.
    pub first: usize,
    /// A weight for each.
    pub weights: Vec<u32>,
}

/// What a resampling is to do.
#[derive(Clone, Debug)]
pub struct ResampleSpec {
    /// The span of each output row.
    pub rows: Vec<Span>,
    /// The span of each output column.
    pub columns: Vec<Span>,
    /// Bytes from one input row to the next.
    pub row_stride: usize,
    /// Bytes of an input pixel: 1, 3 or 4.
    pub pixel_stride: usize,
    /// Leading bytes of each pixel that are resampled: 1 of one byte, else 3.
    pub channels: usize,
}
