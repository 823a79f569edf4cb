//! Where a convolution reads and writes.

use alloc::vec::Vec;

use super::class::{self, Class};
use super::layout::Layout;
use super::order::Order;
use super::spec::ConvSpec;
use crate::window::{Image, OutputGrid, Window};

/// The images, the window over them, and the border classes of a convolution.
pub(crate) struct Geometry {
    input: Image,
    window: Window,
    outputs: [usize; 2],
    grid: OutputGrid,
    /// Input channels of a group.
    pub(crate) group_channels: usize,
    /// Packing orders.
    pub(crate) orders: Vec<Order>,
    /// Border classes.
    pub(crate) classes: Vec<Class>,
    /// Bytes of the input that tiles may read.
    pub(crate) input_bytes: usize,
}

impl Geometry {
    /// The geometry of a specification that does not contradict itself, for weights in a layout.
    pub(crate) fn new(spec: &ConvSpec<'_>, layout: Layout) -> Self {
        let (orders, classes) = class::classes(spec, layout);
        Self {
            input: spec.input,
            window: spec.window,
            outputs: spec.output,
            grid: OutputGrid::dense(spec.output),
            group_channels: spec.group_channels(),
            input_bytes: input_bytes(spec, &classes, layout),
            orders,
            classes,
        }
    }

    /// Puts the outputs elsewhere in the image that they are pixels of.
    pub(crate) fn set_output_grid(&mut self, grid: OutputGrid) {
        self.grid = grid;
    }

    /// The last output's pixel.
    pub(crate) fn last_pixel(&self) -> usize {
        self.grid.pixel(self.input.batch - 1, self.outputs[0] - 1, self.outputs[1] - 1)
    }

    /// Rows of a class, of all images.
    pub(crate) fn rows(&self, class: &Class) -> usize {
        class.rows(self.input.batch)
    }

    /// The class with the most rows.
    pub(crate) fn largest_class(&self) -> Option<&Class> {
        self.classes.iter().max_by_key(|class| self.rows(class))
    }

    /// Fills in the addresses and output pixels of a class's rows from `first` on.
    pub(crate) fn locate(
        &self,
        class: &Class,
        first: usize,
        base: *const u8,
        rows: &mut [*const u8],
        pixels: &mut [u32],
    ) {
        let (height, width) = (class.down.len(), class.across.len());
        let (mut x, mut y) = (first % width, first / width % height);
        let mut image = first / width / height;
        let across = self.window.stride[1] * self.input.pixel_stride;
        let mut done = 0;
        while done < rows.len() {
            let count = (width - x).min(rows.len() - done);
            let at_y = class.first[0] + y * self.window.stride[0];
            let at_x = class.first[1] + x * self.window.stride[1];
            let at = (image * self.input.height + at_y) * self.input.width + at_x;
            let start = base.wrapping_add(at * self.input.pixel_stride);
            let first = self.grid.pixel(image, class.down.start + y, class.across.start + x) as u32;
            let run = done..done + count;
            for (index, (row, pixel)) in rows[run.clone()].iter_mut().zip(&mut pixels[run]).enumerate() {
                *row = start.wrapping_add(index * across);
                *pixel = first + (index * self.grid.step) as u32;
            }
            done += count;
            (x, y) = (0, y + 1);
            if y == height {
                (y, image) = (0, image + 1);
            }
        }
    }
}

/// Bytes of the input that tiles may read, the rounding of segments to whole lines included.
fn input_bytes(spec: &ConvSpec<'_>, classes: &[Class], layout: Layout) -> usize {
    let row_stride = spec.input.width * spec.input.pixel_stride;
    let last_group = spec.input.channels - spec.group_channels();
    let last_image = (spec.input.batch - 1) * spec.input.height * row_stride;
    let of_class = |class: &Class| {
        let y = class.first[0] + (class.down.len() - 1) * spec.window.stride[0];
        let x = class.first[1] + (class.across.len() - 1) * spec.window.stride[1];
        last_image + y * row_stride + x * spec.input.pixel_stride + last_group + class.reach(layout)
    };
    classes.iter().filter(|class| !class.segments.is_empty()).map(of_class).max().unwrap_or(0)
}
