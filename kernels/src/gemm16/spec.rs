//! What a convolution of 16-bit activations is to do.

use crate::requantize16::{Range16, Requantize16};
use crate::window::{Image, Window};

/// What a convolution of 16-bit activations is to do.
#[derive(Clone, Copy, Debug)]
pub struct Conv16Spec<'a> {
    /// The input, all groups' channels; strides in elements, without gaps.
    pub input: Image,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Channel groups; divides the input channels and the output channels.
    pub groups: usize,
    /// Output channels.
    pub channels: usize,
    /// `[O, KH, KW, I]` with I of a group.
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

impl Conv16Spec<'_> {
    /// Input channels of a group.
    pub(super) fn group_channels(&self) -> usize {
        self.input.channels / self.groups
    }

    /// Asserts that the specification does not contradict itself. Where weights were packed before, they may be missing.
    pub(super) fn check(&self, packed: bool) {
        let taps = self.window.taps[0] * self.window.taps[1];
        assert!(self.groups > 0 && self.input.channels.is_multiple_of(self.groups), "groups divide the input channels");
        assert!(self.channels > 0 && self.channels.is_multiple_of(self.groups), "groups divide the output channels");
        assert!(self.input.pixel_stride == self.input.channels && self.input.pixels() > 0, "the input has pixels");
        assert!(
            self.output.iter().all(|&n| n > 0) && taps > 0 && self.input.channels > 0,
            "there is something to compute"
        );
        let depth = self.group_channels();
        let weights = self.weights.len();
        assert!(packed || weights == self.channels * taps * depth, "{weights} weights are not [O, KH, KW, I]");
        assert!(self.bias.is_empty() || self.bias.len() == self.channels, "one bias for each channel");
    }
}
