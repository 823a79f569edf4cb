//! A prepared convolution of 16-bit activations and the loop around its tiles.

use core::ops::Range;

use super::pack::{self, Panel};
use super::tile::{Row, Tile};
use super::{Conv16Spec, Descriptor};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::requantize16::Ending16;
use crate::window::{Image, OutputGrid, Window};

/// Most rows of a tile.
const MAX_ROWS: usize = 16;

/// Output pixels that go over all panels of a task before the next ones do, so that their input stays in a cache.
const BLOCK_PIXELS: usize = 96;

/// A convolution of 16-bit activations with packed weights, ready to run. Input 0 is the activations, output 0 the
/// result, both little-endian and at any alignment that `i16` has.
pub struct Conv16 {
    bound: Bound<Descriptor>,
    input: Image,
    window: Window,
    output: [usize; 2],
    grid: OutputGrid,
    channels: usize,
    depth: usize,
    panels: Vec<Panel>,
    endings: Vec<Ending16>,
    weights: Vec<i16>,
    zeros: Vec<i16>,
    budget: usize,
    /// Output pixels and panels that one task computes.
    share: [usize; 2],
}

impl Conv16 {
    pub(super) fn new(bound: Bound<Descriptor>, spec: &Conv16Spec<'_>) -> Self {
        check(spec);
        let depth = spec.input.channels / spec.groups;
        let panels = pack::panels(spec.channels, spec.groups);
        let mut weights = Vec::new();
        let packing = bound.descriptor().packing;
        panels.iter().for_each(|&panel| pack::pack(spec, panel, packing, &mut weights));
        let ending = |panel: &Panel| {
            Ending16::new(spec.requantize, spec.bias, spec.range, panel.first, panel.first + panel.channels)
        };
        let pixels = spec.input.batch * spec.output[0] * spec.output[1];
        let pixel_work = spec.window.taps[0] * spec.window.taps[1] * depth * spec.channels / LANES;
        let rows = row_tasks(pixels, pixel_work, spec.threads);
        // Where there are too few pixels for all threads, panels are shared, too.
        let tasks = pixels.div_ceil(rows);
        let wanted =
            if tasks < spec.threads { row_tasks(panels.len(), pixel_work, spec.threads) } else { panels.len() };
        Self {
            bound,
            input: spec.input,
            window: spec.window,
            output: spec.output,
            grid: OutputGrid::dense(spec.output),
            channels: spec.channels,
            depth,
            endings: panels.iter().map(ending).collect(),
            share: [rows, wanted.max(1)],
            panels,
            weights,
            zeros: vec![0; depth + packing.overrun()],
            budget: pack::budget(spec),
        }
    }

    fn pixels(&self) -> usize {
        self.input.batch * self.output[0] * self.output[1]
    }

    /// Puts the outputs elsewhere in the image that they are pixels of.
    pub(crate) fn set_output_grid(&mut self, grid: OutputGrid) {
        self.grid = grid;
    }

    /// The windows of neighbouring outputs from `first` on, of the group that `base` is the first pixel of.
    fn locate(&self, first: usize, base: *const i16, rows: &mut [Row]) {
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

    /// Computes some pixels of some panels.
    ///
    /// # Safety
    /// As [`Layer::run`]; the views were asserted to hold the tensors.
    unsafe fn block(&self, pixels: Range<usize>, panels: Range<usize>, input: *const i16, output: *mut i16) {
        let Descriptor { tiles, packing, .. } = self.bound.descriptor();
        let pairs = self.depth.div_ceil(2);
        let panel_len = packing.panel_len(self.window.taps[0] * self.window.taps[1], self.depth);
        let mut rows = [Row { image: input, first: [0; 2], pixel: 0 }; MAX_ROWS];
        for index in panels {
            let panel = self.panels[index];
            let base = input.wrapping_add(panel.group * self.depth);
            for first in pixels.clone().step_by(tiles.len()) {
                let count = tiles.len().min(pixels.end - first);
                self.locate(first, base, &mut rows[..count]);
                let tile = Tile {
                    rows: &rows[..count],
                    input: &self.input,
                    window: &self.window,
                    zeros: &self.zeros,
                    pairs,
                    weights: &self.weights[index * panel_len..(index + 1) * panel_len],
                    budget: self.budget,
                    ending: &self.endings[index],
                    output: output.wrapping_add(panel.first),
                    pixel_stride: self.channels,
                    channels: panel.channels,
                };
                // SAFETY: the bound descriptor proves the CPU feature and the entry is that of `count` rows. Rows point
                // into the asserted input, with what the last group runs over; the outputs lie in the
                // asserted view, and the caller vouches for both. The weights are those of a whole panel.
                unsafe { (tiles[count - 1])(&tile) }
            }
        }
    }
}

impl Layer for Conv16 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(super::FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.pixels().div_ceil(self.share[0]) * self.panels.len().div_ceil(self.share[1])
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&self.weights[..]) + size_of_val(&self.endings[..])
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let (input, output) = (inputs[0], outputs[0]);
        // Channels that are no whole group make the last one read more elements, of any value.
        let elements = self.input.pixels() * self.input.channels + self.bound.descriptor().packing.overrun();
        assert!(input.len() >= 2 * elements, "input view of {} bytes", input.len());
        let last = self.grid.pixel(self.input.batch - 1, self.output[0] - 1, self.output[1] - 1);
        assert!(output.len() >= 2 * (last + 1) * self.channels, "output view of {} bytes", output.len());
        assert!(input.as_ptr().addr().is_multiple_of(2) && output.as_ptr().addr().is_multiple_of(2), "alignment");
        let columns = self.panels.len().div_ceil(self.share[1]);
        let [rows, panels] = [task / columns * self.share[0], task % columns * self.share[1]];
        let panels = panels..self.panels.len().min(panels + self.share[1]);
        let end = self.pixels().min(rows + self.share[0]);
        // Whole tiles.
        let most = BLOCK_PIXELS - BLOCK_PIXELS % self.bound.descriptor().tiles.len();
        for first in (rows..end).step_by(most) {
            let pixels = first..end.min(first + most);
            // SAFETY: asserted above; the rest is the caller's promise.
            unsafe { self.block(pixels, panels.clone(), input.as_ptr().cast(), output.as_ptr().cast()) }
        }
        Ok(())
    }
}

/// Asserts that a specification does not contradict itself.
fn check(spec: &Conv16Spec<'_>) {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    assert!(spec.groups > 0 && spec.input.channels.is_multiple_of(spec.groups), "groups divide the input channels");
    assert!(spec.channels > 0 && spec.channels.is_multiple_of(spec.groups), "groups divide the output channels");
    assert!(spec.input.pixel_stride == spec.input.channels && spec.input.pixels() > 0, "the input has pixels");
    assert!(spec.output.iter().all(|&n| n > 0) && taps > 0 && spec.input.channels > 0, "there is something to compute");
    let depth = spec.input.channels / spec.groups;
    assert_eq!(spec.weights.len(), spec.channels * taps * depth, "weights are [O, KH, KW, I]");
    assert!(spec.bias.is_empty() || spec.bias.len() == spec.channels, "one bias for each channel");
}
