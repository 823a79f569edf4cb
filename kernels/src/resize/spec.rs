//! What a resizing is to do.

use alloc::vec::Vec;

use crate::window::Image;

/// Where one output row or column lies between two of the input, and how far from the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<F> {
    /// Index before.
    pub lower: usize,
    /// Index after.
    pub upper: usize,
    /// Weight of the one after, as a fraction of 1 or, in integers, of 1024.
    pub fraction: F,
}

/// The element type, with the samples of rows and columns in the form that it takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// `uint8`, computed in `f32`.
    U8([Vec<Sample<f32>>; 2]),
    /// `int8`, computed in integers.
    I8([Vec<Sample<i32>>; 2]),
    /// `int16`, computed in integers.
    I16([Vec<Sample<i32>>; 2]),
    /// `f32`.
    F32([Vec<Sample<f32>>; 2]),
}

/// What a resizing is to do.
#[derive(Clone, Debug)]
pub struct ResizeSpec {
    /// The input; its pixel stride counts elements.
    pub input: Image,
    /// Output rows and columns.
    pub samples: Samples,
    /// Elements from one output pixel to the next; at least the channels.
    pub output_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
