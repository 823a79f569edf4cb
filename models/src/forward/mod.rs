//! The calibration forward pass: what each operator does to the calibration images, on integers.
//!
//! It follows the operators closely enough to choose quantization parameters from its results; it is not the
//! specification (that is `ottava-ref`) and need not agree with it in the last bit. It must give the same bits for every
//! thread count and platform, because the parameters in the written files come from it: integer sums, and single
//! exactly rounded float operations elsewhere.
//!
//! Activations are *centered*: `i16` values `q - zero_point`, samples one after another, each row-major. Padding is
//! then zero, and the zero points are out of the inner loops.

pub(crate) mod conv;
pub(crate) mod depthwise;
pub(crate) mod elementwise;
pub(crate) mod movement;
pub(crate) mod pool;

/// Output extent of a sliding window and the padding before it (numerics §3), for one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) taps: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) pad_before: usize,
}

impl Window {
    /// The input position of tap `tap` of output `output`, unless it is padding.
    pub(crate) fn position(&self, output: usize, tap: usize) -> Option<usize> {
        (output * self.stride + tap * self.dilation).checked_sub(self.pad_before).filter(|&p| p < self.input)
    }
}

/// A two-dimensional window over `[batch, height, width, channels]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) batch: usize,
    pub(crate) height: Window,
    pub(crate) width: Window,
    pub(crate) channels: usize,
}

impl Windows {
    /// Elements of one input row.
    pub(crate) fn input_row(&self) -> usize {
        self.width.input * self.channels
    }

    /// Elements of one input image.
    pub(crate) fn input_image(&self) -> usize {
        self.height.input * self.input_row()
    }
}

/// Rounds to the nearest integer, halves away from zero.
pub(crate) fn round_i32(value: f32) -> i32 {
    value.round() as i32
}
