//! Where a convolution of 16-bit activations reads and writes.

use super::spec::Conv16Spec;
use crate::window::{Image, OutputGrid, Window};

/// The window that belongs to one output pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// First pixel of the image, at the first channel of the group.
    pub(super) image: *const i16,
    /// Row and column of the window's first tap in the image; negative in the padding.
    pub(super) first: [isize; 2],
    /// The output's pixel.
    pub(super) pixel: usize,
}

/// The images, and the window over them.
pub(super) struct Geometry {
    pub(super) input: Image,
    pub(super) window: Window,
    output: [usize; 2],
    grid: OutputGrid,
}

impl Geometry {
    /// The geometry of a specification that does not contradict itself.
    pub(super) fn new(spec: &Conv16Spec<'_>) -> Self {
        let grid = OutputGrid::dense(spec.output);
        Self { input: spec.input, window: spec.window, output: spec.output, grid }
    }

    /// Puts the outputs elsewhere in the image that they are pixels of.
    pub(super) fn set_output_grid(&mut self, grid: OutputGrid) {
        self.grid = grid;
    }

    /// Outputs of all images.
    pub(super) fn outputs(&self) -> usize {
        self.input.batch * self.output[0] * self.output[1]
    }

    /// The last output's pixel.
    pub(super) fn last_pixel(&self) -> usize {
        self.grid.pixel(self.input.batch - 1, self.output[0] - 1, self.output[1] - 1)
    }

    /// The windows of neighbouring outputs from `first` on, of the group that `base` is the first pixel of.
    pub(super) fn locate(&self, first: usize, base: *const i16, rows: &mut [Row]) {
        let [height, width] = self.output;
        let (mut x, mut y, mut image) = (first % width, first / width % height, first / width / height);
        let elements = self.input.height * self.input.width * self.input.pixel_stride;
        let ([stride_y, stride_x], [pad_y, pad_x]) = (self.window.stride, self.window.pad_before);
        for row in rows {
            *row = Row {
                image: base.wrapping_add(image * elements),
                first: [(y * stride_y) as isize - pad_y as isize, (x * stride_x) as isize - pad_x as isize],
                pixel: self.grid.pixel(image, y, x),
            };
            x += 1;
            if x == width {
                (x, y) = (0, y + 1);
            }
            if y == height {
                (y, image) = (0, image + 1);
            }
        }
    }
}
