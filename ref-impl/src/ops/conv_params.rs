//! What the convolutions are told: all of them have the same parameters.

use super::check_per_channel;
use crate::activation::ActivationRange;
use crate::fixed::Multiplier;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::geometry::Axis;
use crate::number::Number;
use crate::real::one_nan;
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

/// Parameters of the float32 forms: [`super::conv2d::conv2d_f32`],
/// [`super::depthwise_conv2d::depthwise_conv2d_f32`] and [`super::transpose_conv::transpose_conv_f32`], and of those with int8
/// filters: [`super::hybrid_conv2d::conv2d_hybrid`] and
/// [`super::hybrid_depthwise_conv2d::depthwise_conv2d_hybrid`].
#[derive(Clone, Debug)]
pub struct FloatConvParams {
    /// As [`ConvParams::input_shape`].
    pub input_shape: [usize; 4],
    /// As [`ConvParams::filter_shape`].
    pub filter_shape: [usize; 4],
    /// As [`ConvParams::output_shape`].
    pub output_shape: [usize; 4],
    /// As [`ConvParams::stride`].
    pub stride: [usize; 2],
    /// As [`ConvParams::dilation`].
    pub dilation: [usize; 2],
    /// As [`ConvParams::pad_top`].
    pub pad_top: usize,
    /// As [`ConvParams::pad_left`].
    pub pad_left: usize,
    /// Range of the fused activation; the greatest finite magnitudes where there is none.
    pub range: [f32; 2],
}

/// Where the pixels and the taps of a convolution lie, whatever its elements are.
pub(super) struct Geometry {
    pub(super) input_shape: [usize; 4],
    pub(super) filter_shape: [usize; 4],
    pub(super) output_shape: [usize; 4],
    stride: [usize; 2],
    dilation: [usize; 2],
    pad_before: [usize; 2],
}

/// Lengths of the slices that a convolution is given.
pub(super) struct Lengths {
    pub(super) input: usize,
    pub(super) filter: usize,
    pub(super) bias: Option<usize>,
    pub(super) output: usize,
}

impl ConvParams<'_> {
    pub(super) fn geometry(&self) -> Geometry {
        Geometry {
            input_shape: self.input_shape,
            filter_shape: self.filter_shape,
            output_shape: self.output_shape,
            stride: self.stride,
            dilation: self.dilation,
            pad_before: [self.pad_top, self.pad_left],
        }
    }

    /// Asserts what holds for every convolution; the filter's channels are the operator's to check.
    pub(super) fn check(&self, lengths: &Lengths) {
        self.geometry().check(lengths);
        check_per_channel("multipliers", self.multipliers.len(), self.output_shape[3]);
    }
}

impl FloatConvParams {
    pub(super) fn geometry(&self) -> Geometry {
        Geometry {
            input_shape: self.input_shape,
            filter_shape: self.filter_shape,
            output_shape: self.output_shape,
            stride: self.stride,
            dilation: self.dilation,
            pad_before: [self.pad_top, self.pad_left],
        }
    }
}

impl Geometry {
    /// Where the taps of windows over the input lie, vertical and horizontal.
    pub(super) fn axes(&self) -> (Axis, Axis) {
        let axis = |i: usize| Axis {
            input: self.input_shape[1 + i],
            stride: self.stride[i],
            dilation: self.dilation[i],
            pad_before: self.pad_before[i],
        };
        (axis(0), axis(1))
    }

    /// The index in the output that tap `tap` of the window of input index `index` lies on, for transposed
    /// convolutions, along one axis; `None` outside.
    pub(super) fn target(&self, axis: usize, index: usize, tap: usize) -> Option<usize> {
        let position = (index * self.stride[axis] + tap).checked_sub(self.pad_before[axis])?;
        (position < self.output_shape[1 + axis]).then_some(position)
    }

    /// Asserts what holds for every convolution; the filter's channels are the operator's to check.
    pub(super) fn check(&self, lengths: &Lengths) {
        check_length("the input", lengths.input, element_count(&self.input_shape));
        check_length("the filter", lengths.filter, element_count(&self.filter_shape));
        check_length("the output", lengths.output, element_count(&self.output_shape));
        assert_eq!(self.input_shape[0], self.output_shape[0], "batches of input and output");
        if let Some(bias) = lengths.bias {
            check_length("the bias", bias, self.output_shape[3]);
        }
    }

    /// [`Geometry::check`] of the four slices of a float32 convolution.
    pub(super) fn check_floats(&self, [input, filter, output]: [&[f32]; 3], bias: Option<&[f32]>) {
        self.check(&Lengths {
            input: input.len(),
            filter: filter.len(),
            bias: bias.map(<[f32]>::len),
            output: output.len(),
        });
    }

    /// [`Geometry::check`] of the slices of a convolution of float32 with int8 filters.
    pub(super) fn check_hybrid(&self, [input, output]: [&[f32]; 2], filter: &[i8], bias: Option<&[f32]>) {
        self.check(&Lengths {
            input: input.len(),
            filter: filter.len(),
            bias: bias.map(<[f32]>::len),
            output: output.len(),
        });
    }
}

/// `sum + x · w` for each pair in order, every product fused: the sum is rounded, the product is not.
pub(super) fn fused_dot(sum: f32, xs: &[f32], ws: &[f32]) -> f32 {
    xs.iter().zip(ws).fold(sum, |sum, (x, w)| x.mul_add(*w, sum))
}

/// The end of every float32 sum of products: the bias, 0 where there is none, then the fused activation.
pub(super) fn finish_f32(sum: f32, bias: Option<&[f32]>, channel: usize, range: [f32; 2]) -> f32 {
    one_nan(sum + bias.map_or(0.0, |bias| bias[channel])).clamp_to(range)
}

/// The end of a float32 sum of int8 products: the bias where there is one, then the fused activation.
pub(super) fn finish_hybrid(scaled: f32, bias: Option<&[f32]>, channel: usize, range: [f32; 2]) -> f32 {
    one_nan(bias.map_or(scaled, |bias| scaled + bias[channel])).clamp_to(range)
}
