//! What a convolution is to do.

use crate::quantization::{RealOrder, RealScales, Requantize, Weights};
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
    /// Bytes from one output pixel to the next; at least those of `channels`.
    pub pixel_stride: usize,
}

impl<'a> ConvPart<'a> {
    /// How sums become float32, where they do.
    pub(crate) fn reals(&self) -> Option<RealScales<'a>> {
        match self.requantize {
            Requantize::Real(scales) => Some(scales),
            Requantize::Fixed(_) | Requantize::Float(_) => None,
        }
    }

    /// Bytes of an output.
    pub(crate) fn output_bytes(&self) -> usize {
        if self.reals().is_some() { size_of::<f32>() } else { 1 }
    }
}

/// What a convolution is to do.
#[derive(Clone, Copy, Debug)]
pub struct ConvSpec<'a> {
    /// The input, all groups' channels.
    pub input: Image,
    /// Zero point of the input, stored; 0 where outputs are float32, whose input says its own in each run.
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

    /// Whether outputs are float32.
    pub(crate) fn is_real(&self) -> bool {
        self.parts.iter().any(|part| part.reals().is_some())
    }

    /// How many scales the activations have in a run: one for each image, or for each pixel of rows; 0 where outputs are no floats.
    pub(crate) fn activation_scales(&self) -> usize {
        match self.parts.iter().find_map(ConvPart::reals) {
            None => 0,
            Some(reals) if reals.order == RealOrder::Rows => self.input.batch * self.output[0] * self.output[1],
            Some(_) => self.input.batch,
        }
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
            assert!(part.pixel_stride >= part.channels * part.output_bytes(), "output pixels do not overlap");
            let weights = part.weights.bytes.len();
            assert!(packed || weights == part.channels * self.depth(), "{weights} weights are not [O, KH, KW, I]");
            let biases = [part.bias.len(), part.reals().map_or(0, |reals| reals.bias.len())];
            assert!(biases.iter().all(|&biases| biases == 0 || biases == part.channels), "one bias for each channel");
            if let Some(reals) = part.reals() {
                assert!([1, part.channels].contains(&reals.weights.len()), "one scale, or one for each channel");
                assert!(part.bias.is_empty() && part.weights.signed_zero() == 0, "int8 weights and biases of float32");
            }
            assert!(part.reals().is_some() == self.is_real(), "outputs are of one type");
        }
    }
}
