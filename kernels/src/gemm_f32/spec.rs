//! What a caller says of a convolution of float32.

use crate::window::{Image, Window};

/// What a convolution of float32 is to do.
#[derive(Clone, Copy, Debug)]
pub struct ConvF32Spec<'a> {
    /// The input, all groups' channels; strides in elements.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Channel groups; divides the input channels and the output channels.
    pub groups: usize,
    /// Output channels.
    pub channels: usize,
    /// Elements from one output pixel to the next.
    pub pixel_stride: usize,
    /// `[O, KH, KW, I]` with I of a group.
    pub weights: &'a [f32],
    /// One bias for each channel; empty means none.
    pub bias: &'a [f32],
    /// Range of the outputs, finite.
    pub range: [f32; 2],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

impl ConvF32Spec<'_> {
    /// Input channels of a group.
    pub(super) fn group_channels(&self) -> usize {
        self.input.channels / self.groups
    }

    /// Products of an output whose window lies inside the image.
    pub(super) fn depth(&self) -> usize {
        self.window.taps[0] * self.window.taps[1] * self.group_channels()
    }

    /// Asserts that the specification does not contradict itself. Where weights were packed before, they may be missing.
    pub(super) fn check(&self, packed: bool) {
        assert!(self.groups > 0 && self.input.channels.is_multiple_of(self.groups), "groups divide the input channels");
        assert!(self.channels > 0 && self.channels.is_multiple_of(self.groups), "groups divide the output channels");
        assert!(self.input.pixel_stride >= self.input.channels && self.input.pixels() > 0, "the input has pixels");
        assert!(self.pixel_stride >= self.channels, "output pixels do not overlap");
        assert!(self.output.iter().all(|&n| n > 0) && self.depth() > 0, "there is something to compute");
        assert!(self.window.stride.iter().chain(&self.window.dilation).all(|&n| n > 0), "strides and dilations");
        assert!(self.input.span_bytes() < 1 << 30 && self.depth() < 1 << 30, "the input is smaller than 4 GiB");
        let weights = self.weights.len();
        assert!(packed || weights == self.channels * self.depth(), "{weights} weights are not [O, KH, KW, I]");
        assert!(self.bias.is_empty() || self.bias.len() == self.channels, "one bias for each channel");
    }
}
