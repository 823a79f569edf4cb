//! What a caller says of a depthwise convolution of 16-bit activations.

use crate::requantize16::{Range16, Requantize16};
use crate::window::{Image, Window};

/// What a depthwise convolution of 16-bit activations is to do.
#[derive(Clone, Copy, Debug)]
pub struct Depthwise16Spec<'a> {
    /// The input; strides in elements, without gaps.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels, a multiple of the input's.
    pub channels: usize,
    /// `[KH, KW, O]`.
    pub weights: &'a [i8],
    /// One bias for each channel, in accumulator units; empty means none.
    pub bias: &'a [i64],
    /// From sums to outputs.
    pub requantize: Requantize16<'a>,
    /// Range of the outputs.
    pub range: Range16,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
