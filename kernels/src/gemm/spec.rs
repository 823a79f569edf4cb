//! What a convolution is to do.

use crate::quantization::{Requantize, Weights};
use crate::window::{Image, Window};

/// One convolution of those that are run together.
#[derive(Clone, Copy, Debug)]
pub struct ConvPart<'a> {
    /// Output channels.
    pub channels: usize,
    /// The weights, `[O, KH, KW, I]` with O of the part and I of a group.
    pub weights: Weights<'a>,
    /// One bias for each channel, in accumulator units; empty means none.
    pub bias: &'a [i32],
    /// From accumulators to outputs.
    pub requantize: Requantize<'a>,
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values; results that overflow 32 bits wrap
    /// where the file's would.
    pub output_offset: i32,
    /// Bytes from one output pixel to the next; at least `channels`.
    pub pixel_stride: usize,
}

/// What a convolution is to do.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec<'a> {
    /// The input, all groups' channels.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Channel groups; divides the input channels and each part's channels.
    pub groups: usize,
    /// The convolutions, at least one; output `i` of a run is that of part `i`.
    pub parts: &'a [ConvPart<'a>],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

impl ConvSpec<'_> {
    /// Input channels of a group.
    pub(crate) fn group_channels(&self) -> usize {
        self.input.channels / self.groups
    }

    /// Products of an output whose window lies inside the image.
    pub(crate) fn depth(&self) -> usize {
        self.window.taps[0] * self.window.taps[1] * self.group_channels()
    }

    /// The largest magnitude of a sum of a part's channel, for whatever activations, which are stored unsigned.
    pub(crate) fn largest_sum(&self, part: usize, channel: usize) -> i64 {
        let ConvPart { weights, bias, .. } = &self.parts[part];
        let depth = self.depth();
        let [positive, negative] = weights.sums_around_zero(channel * depth..(channel + 1) * depth);
        // Each product is largest at an end of the activations' range, or 0 where the tap is outside the image.
        let below = i64::from(self.input_zero).max(0);
        let above = (255 - i64::from(self.input_zero)).max(0);
        let bias = i64::from(bias.get(channel).copied().unwrap_or(0));
        let (most, least) = (bias + positive * above + negative * below, bias - positive * below - negative * above);
        most.abs().max(least.abs())
    }

    /// Asserts that the specification does not contradict itself. Where weights were packed before, they may be missing.
    pub(crate) fn check(&self, packed: bool) {
        let [kernel_rows, kernel_columns] = self.window.taps;
        assert!(self.groups > 0 && self.input.channels.is_multiple_of(self.groups), "groups divide the input channels");
        assert!(self.input.pixel_stride >= self.input.channels && self.input.pixels() > 0, "the input has pixels");
        assert!(self.output.iter().all(|&n| n > 0) && !self.parts.is_empty(), "there is something to compute");
        assert!(kernel_rows > 0 && kernel_columns > 0 && self.input.channels > 0, "the window has taps");
        assert!(self.window.stride.iter().chain(&self.window.dilation).all(|&n| n > 0), "strides and dilations");
        let input_bytes = self.input.pixels() as u64 * self.input.pixel_stride as u64;
        assert!(input_bytes < u64::from(u32::MAX), "the input is smaller than 4 GiB");
        for part in self.parts {
            let pixels = (self.input.batch * self.output[0] * self.output[1]) as u64;
            assert!(pixels * (part.pixel_stride as u64) < u64::from(u32::MAX), "outputs are smaller than 4 GiB");
            assert!(
                part.channels > 0 && part.channels.is_multiple_of(self.groups),
                "groups divide the output channels"
            );
            assert!(part.pixel_stride >= part.channels, "output pixels do not overlap");
            let weights = part.weights.bytes.len();
            assert!(packed || weights == part.channels * self.depth(), "{weights} weights are not [O, KH, KW, I]");
            assert!(part.bias.is_empty() || part.bias.len() == part.channels, "one bias for each channel");
        }
    }
}
