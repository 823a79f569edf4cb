//! What the convolutions are told: all of them have the same parameters.

use super::check_per_channel;
use crate::activation::ActivationRange;
use crate::fixed::Multiplier;
use crate::geometry::Axis;
use crate::shape::{check_length, element_count};

/// Parameters of [`super::conv2d::conv2d`], [`super::depthwise_conv2d::depthwise_conv2d`] and
/// [`super::transpose_conv::transpose_conv`].
#[derive(Clone, Debug)]
pub struct ConvParams<'a> {
    /// NHWC.
    pub input_shape: [usize; 4],
    /// As the operator has it: OHWI, or 1HWO of depthwise convolutions.
    pub filter_shape: [usize; 4],
    /// NHWC.
    pub output_shape: [usize; 4],
    /// Step between windows, vertical and horizontal; in the output where the convolution is transposed.
    pub stride: [usize; 2],
    /// Step between taps, vertical and horizontal; 1 where the convolution is transposed.
    pub dilation: [usize; 2],
    /// Rows that the first window begins above the image.
    pub pad_top: usize,
    /// Columns that the first window begins left of the image.
    pub pad_left: usize,
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Zero point of the filter; 0 for int8, whatever the file says.
    pub filter_zero_point: i32,
    /// One for all output channels, or one each.
    pub multipliers: &'a [Multiplier],
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// Lengths of the slices that a convolution is given.
pub(super) struct Lengths {
    pub(super) input: usize,
    pub(super) filter: usize,
    pub(super) bias: Option<usize>,
    pub(super) output: usize,
}

impl ConvParams<'_> {
    /// Where the taps of windows over the input lie, vertical and horizontal.
    pub(super) fn axes(&self) -> (Axis, Axis) {
        let axis = |i: usize, pad_before: usize| Axis {
            input: self.input_shape[1 + i],
            stride: self.stride[i],
            dilation: self.dilation[i],
            pad_before,
        };
        (axis(0, self.pad_top), axis(1, self.pad_left))
    }

    /// Asserts what holds for every convolution; the filter's channels are the operator's to check.
    pub(super) fn check(&self, lengths: &Lengths) {
        check_length("the input", lengths.input, element_count(&self.input_shape));
        check_length("the filter", lengths.filter, element_count(&self.filter_shape));
        check_length("the output", lengths.output, element_count(&self.output_shape));
        assert_eq!(self.input_shape[0], self.output_shape[0], "batches of input and output");
        let output_c = self.output_shape[3];
        if let Some(bias) = lengths.bias {
            check_length("the bias", bias, output_c);
        }
        check_per_channel("multipliers", self.multipliers.len(), output_c);
    }
}
