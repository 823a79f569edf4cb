//! What the operators are asked for.

use super::TensorId;
use crate::quantization::Activation;
use crate::weights::Weights;

/// How a sliding window treats the border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Padded so that the output has ceil(input / stride) positions.
    Same,
    /// Only windows that lie inside.
    Valid,
}

impl Padding {
    pub(crate) fn code(self) -> i8 {
        match self {
            Padding::Same => 0,
            Padding::Valid => 1,
        }
    }
}

/// How an output's scale and zero point are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputQuantization {
    /// From the values on the calibration images.
    Calibrated,
    /// A given zero point, and the scale from the values.
    ZeroPoint(i32),
    /// The same parameters as another tensor, as the branches of a concatenation have.
    Like(TensorId),
}

/// A CONV_2D or DEPTHWISE_CONV_2D. Extents are `[height, width]`.
#[derive(Clone, Debug)]
pub struct Conv {
    /// Output channels; for a depthwise convolution a multiple of the input's.
    pub channels: usize,
    /// Filter taps.
    pub kernel: [usize; 2],
    /// Strides.
    pub stride: [usize; 2],
    /// Dilation factors.
    pub dilation: [usize; 2],
    /// Groups that the channels fall into; 1 for a depthwise convolution.
    pub groups: usize,
    /// Border handling.
    pub padding: Padding,
    /// Fused activation.
    pub activation: Activation,
    /// Whether there is a bias; only a depthwise convolution can be without.
    pub bias: bool,
    /// Weights.
    pub weights: Weights,
    /// Output parameters.
    pub output: OutputQuantization,
    /// Deviation of the outputs before the activation.
    pub spread: f32,
}

impl Conv {
    /// SAME padding, stride 1, fused ReLU, bell-shaped weights.
    pub fn new(channels: usize, kernel: [usize; 2]) -> Conv {
        Conv {
            channels,
            kernel,
            stride: [1, 1],
            dilation: [1, 1],
            groups: 1,
            padding: Padding::Same,
            activation: Activation::Relu,
            bias: true,
            weights: Weights::default(),
            output: OutputQuantization::Calibrated,
            spread: 1.0,
        }
    }

    /// Sets the strides.
    pub fn stride(mut self, stride: [usize; 2]) -> Conv {
        self.stride = stride;
        self
    }

    /// Sets VALID padding.
    pub fn valid(mut self) -> Conv {
        self.padding = Padding::Valid;
        self
    }

    /// Sets the fused activation.
    pub fn activation(mut self, activation: Activation) -> Conv {
        self.activation = activation;
        self
    }

    /// Sets the output parameters.
    pub fn output(mut self, output: OutputQuantization) -> Conv {
        self.output = output;
        self
    }
}

/// A FULLY_CONNECTED over the last axis.
#[derive(Clone, Debug)]
pub struct FullyConnected {
    /// Output channels.
    pub channels: usize,
    /// Fused activation.
    pub activation: Activation,
    /// Whether there is a bias.
    pub bias: bool,
    /// Whether the output keeps the input's leading axes; otherwise it is `[batches, channels]`.
    pub keep_dims: bool,
    /// Weights.
    pub weights: Weights,
    /// Output parameters.
    pub output: OutputQuantization,
    /// Deviation of the outputs before the activation.
    pub spread: f32,
}

impl FullyConnected {
    /// No activation, with a bias, output `[batches, channels]`.
    pub fn new(channels: usize) -> FullyConnected {
        FullyConnected {
            channels,
            activation: Activation::None,
            bias: true,
            keep_dims: false,
            weights: Weights::default(),
            output: OutputQuantization::Calibrated,
            spread: 1.0,
        }
    }
}

/// A pooling window. Extents are `[height, width]`.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Window size.
    pub window: [usize; 2],
    /// Strides.
    pub stride: [usize; 2],
    /// Border handling.
    pub padding: Padding,
    /// Fused activation.
    pub activation: Activation,
}

impl Pool {
    /// No activation.
    pub fn new(window: [usize; 2], stride: [usize; 2], padding: Padding) -> Pool {
        Pool { window, stride, padding, activation: Activation::None }
    }
}
