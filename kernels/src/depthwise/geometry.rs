//! Where rows of pixels lie in the tensors.

use super::spec::DepthwiseSpec;
use crate::window::{Image, Window};

/// The shapes of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Geometry {
    pub(super) input: Image,
    pub(super) window: Window,
    /// Output height and width.
    pub(super) output: [usize; 2],
    /// Bytes from one output pixel to the next.
    pub(super) pixel_stride: usize,
}

/// Neighbouring rows of outputs of one image, and the tensors.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) image: usize,
    /// The first of them.
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) input: *const u8,
    pub(super) output: *mut u8,
}

impl Geometry {
    pub(super) fn new(spec: &DepthwiseSpec<'_>) -> Self {
        Self { input: spec.input, window: spec.window, output: spec.output, pixel_stride: spec.pixel_stride }
    }

    /// Rows of outputs of all images.
    pub(super) fn rows(&self) -> usize {
        self.input.batch * self.output[0]
    }

    /// For each tap of a column of the window, the address of the first pixel of the row of input that it meets in the first
    /// row of outputs; `None` outside the image.
    pub(super) fn input_rows<const TAPS: usize>(&self, rows: &Rows) -> [Option<*const u8>; TAPS] {
        core::array::from_fn(|tap| {
            let row = (rows.first * self.window.stride[0] + tap).checked_sub(self.window.pad_before[0])?;
            (row < self.input.height).then(|| {
                let pixel = (rows.image * self.input.height + row) * self.input.width;
                rows.input.wrapping_add(pixel * self.input.pixel_stride)
            })
        })
    }

    /// The address of the first pixel of the first row of outputs.
    pub(super) fn output_row(&self, rows: &Rows) -> *mut u8 {
        let pixel = (rows.image * self.output[0] + rows.first) * self.output[1];
        rows.output.wrapping_add(pixel * self.pixel_stride)
    }
}
