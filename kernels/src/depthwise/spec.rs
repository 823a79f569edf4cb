//! What a caller says of a depthwise convolution, and what follows from that for each channel.

use alloc::vec::Vec;
use core::ops::Range;

use crate::quantization::{OutputRange, Requantize, Weights};
use crate::window::{Image, Window};

/// What a depthwise convolution is to do.
#[derive(Clone, Copy, Debug)]
pub struct DepthwiseSpec<'a> {
    /// The input.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// The window over the input.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels, a multiple of the input's; channel `c` reads input channel
    /// `c / (channels / input.channels)`.
    pub channels: usize,
    /// `[KH, KW, channels]`; the zero point within -128 to 255.
    pub weights: Weights<'a>,
    /// One bias for each output channel, in accumulator units; empty means none.
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
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

impl DepthwiseSpec<'_> {
    /// Asserts that a specification does not contradict itself.
    pub(super) fn check(&self) {
        let [rows, columns] = self.window.taps;
        assert!(self.input.pixels() > 0 && self.input.channels > 0, "the input has pixels");
        assert!(self.input.pixel_stride >= self.input.channels, "input pixels do not overlap");
        assert!(self.output.iter().all(|&n| n > 0), "there is something to compute");
        assert!(rows > 0 && columns > 0, "the window has taps");
        assert!(self.window.stride.iter().chain(&self.window.dilation).all(|&n| n > 0), "strides and dilations");
        assert!(
            self.channels > 0 && self.channels.is_multiple_of(self.input.channels),
            "output channels are a multiple"
        );
        assert!(self.pixel_stride >= self.channels, "output pixels do not overlap");
        assert_eq!(self.weights.bytes.len(), rows * columns * self.channels, "weights are [KH, KW, C]");
        assert!((-128..=255).contains(&self.weights.zero), "a weight zero point of {}", self.weights.zero);
        assert!(self.bias.is_empty() || self.bias.len() == self.channels, "one bias for each channel");
        let multipliers = self.requantize.len();
        assert!(multipliers == 1 || multipliers == self.channels, "one multiplier, or one for each channel");
    }

    /// Zero point and range of the outputs.
    pub(super) fn range(&self) -> OutputRange {
        OutputRange { zero: self.output_zero, min: self.output_min, max: self.output_max, offset: self.output_offset }
    }

    /// Taps of the window.
    pub(super) fn taps(&self) -> usize {
        self.window.taps[0] * self.window.taps[1]
    }

    /// `w - wz` of a tap and channel.
    pub(super) fn weight(&self, tap: usize, channel: usize) -> i32 {
        let byte = self.weights.bytes[tap * self.channels + channel];
        let value = if self.weights.signed { i32::from(byte as i8) } else { i32::from(byte) };
        value - self.weights.zero
    }

    /// Largest magnitude of `w - wz`.
    pub(super) fn largest_weight(&self) -> i32 {
        let of_tap = |tap: usize| (0..self.channels).map(move |channel| self.weight(tap, channel).abs());
        (0..self.taps()).flat_map(of_tap).max().unwrap_or(0)
    }

    /// The bias of a channel with the input zero point folded in for the taps in these kernel rows and columns.
    pub(super) fn folded_bias_of(&self, channel: usize, rows: Range<usize>, columns: Range<usize>) -> i32 {
        let mut sum = 0i32;
        for row in rows {
            for column in columns.clone() {
                sum = sum.wrapping_add(self.weight(row * self.window.taps[1] + column, channel));
            }
        }
        let bias = self.bias.get(channel).copied().unwrap_or(0);
        bias.wrapping_sub(sum.wrapping_mul(self.input_zero))
    }

    /// The bias of a channel with the input zero point folded in for all taps.
    pub(super) fn folded_bias(&self, channel: usize) -> i32 {
        self.folded_bias_of(channel, 0..self.window.taps[0], 0..self.window.taps[1])
    }

    /// A bound on the magnitude of every sum that begins with [`DepthwiseSpec::folded_bias`], of each channel.
    pub(super) fn largest_sums(&self) -> Vec<i64> {
        let of = |channel: usize| {
            let weights: i64 = (0..self.taps()).map(|tap| i64::from(self.weight(tap, channel)).abs()).sum();
            i64::from(self.folded_bias(channel)).abs() + 255 * weights
        };
        (0..self.channels).map(of).collect()
    }
}
