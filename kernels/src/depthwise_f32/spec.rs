//! What a caller says of a depthwise convolution of float32.

use crate::window::{Image, Window};

/// What a depthwise convolution of float32 is to do.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseF32Spec<'a> {
    /// The input; strides in elements.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels, a multiple of the input's.
    pub channels: usize,
    /// Elements from one output pixel to the next.
    pub pixel_stride: usize,
    /// `[KH, KW, O]`.
    pub weights: &'a [f32],
    /// One bias for each channel; empty means none.
    pub bias: &'a [f32],
    /// Of dynamic range: the scales of the weights, one for each channel. Weights are those of int8 then, and activations whole numbers
    /// ([`Quantized::WholeNumbers`](crate::dynamic_range::Quantized::WholeNumbers)), so that all sums are exact. Empty means that nothing is scaled.
    pub scales: &'a [f32],
    /// Range of the outputs, finite.
    pub range: [f32; 2],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
