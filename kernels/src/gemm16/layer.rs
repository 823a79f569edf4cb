//! A prepared convolution of 16-bit activations and the loop around its tiles.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::epilogue::WordEpilogue;
use super::geometry::{Geometry, Row};
use super::pack::{self, Panel};
use super::spec::Conv16Spec;
use super::table::{Descriptor, FAMILY, KERNELS};
use super::tile::Tile;
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::packed::{self, PackedSlice, Packing, Unfit};
use crate::requantize16::Requantizer16;
use crate::window::OutputGrid;

/// Most rows of a tile.
const MAX_ROWS: usize = 16;

/// Output pixels that go over all panels of a task before the next ones do, so that their input stays in a cache.
const BLOCK_PIXELS: usize = 96;

/// Prepares a convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that groups do not divide, pixels with gaps.
pub fn prepare(isa: Isa, spec: &Conv16Spec<'_>) -> Conv16 {
    packed::made(prepare_packed(isa, spec, &mut Packing::fresh()))
}

/// [`prepare`] with weights that may have been packed before; then those of the specification are not looked at.
///
/// # Errors
/// What was packed before is not of such a convolution.
///
/// # Panics
/// As [`prepare`].
pub fn prepare_packed(isa: Isa, spec: &Conv16Spec<'_>, packing: &mut Packing) -> Result<Conv16, Unfit> {
    // Sums of low halves fit 32 bits for fewer products than this.
    let depth = spec.window.taps[0] * spec.window.taps[1] * spec.group_channels();
    let isa = if isa.includes(Isa::DotProd) && depth >= 1 << 16 { Isa::Neon } else { isa };
    Conv16::packed(Bound::new(KERNELS, isa), spec, packing)
}

/// A convolution of 16-bit activations with packed weights, ready to run. Input 0 is the activations, output 0 the
/// result, both little-endian and at any alignment that `i16` has.
pub struct Conv16 {
    bound: Bound<Descriptor>,
    geometry: Geometry,
    channels: usize,
    /// Input channels of a group.
    depth: usize,
    panels: Vec<Panel>,
    requantizers: Vec<Requantizer16>,
    weights: PackedSlice<i16>,
    zeros: Vec<i16>,
    budget: usize,
    /// Output pixels that one task computes.
    task_pixels: usize,
    /// Panels that one task computes.
    task_panels: usize,
}

impl Conv16 {
    fn packed(bound: Bound<Descriptor>, spec: &Conv16Spec<'_>, packing: &mut Packing) -> Result<Self, Unfit> {
        spec.check(packing.is_stored());
        let geometry = Geometry::new(spec);
        let depth = spec.group_channels();
        let panels = pack::panels(spec.channels, spec.groups);
        let order = bound.descriptor().packing;
        let panel_len = order.panel_len(spec.window.taps[0] * spec.window.taps[1], depth);
        let weights = packing.buffer_of(order.layout(), panels.len() * panel_len, || {
            let mut weights = Vec::with_capacity(panels.len() * panel_len);
            panels.iter().for_each(|&panel| pack::pack(spec, panel, order, &mut weights));
            weights
        })?;
        let requantizer = |panel: &Panel| {
            Requantizer16::new(spec.requantize, spec.bias, spec.range, panel.first, panel.first + panel.channels)
        };
        let pixel_work = spec.window.taps[0] * spec.window.taps[1] * depth * spec.channels / LANES;
        let task_pixels = row_tasks(geometry.outputs(), pixel_work, spec.threads);
        // Where there are too few pixels for all threads, panels are shared, too.
        let tasks = geometry.outputs().div_ceil(task_pixels);
        let task_panels =
            if tasks < spec.threads { row_tasks(panels.len(), pixel_work, spec.threads) } else { panels.len() };
        Ok(Self {
            bound,
            geometry,
            channels: spec.channels,
            depth,
            requantizers: panels.iter().map(requantizer).collect(),
            task_pixels,
            task_panels: task_panels.max(1),
            panels,
            weights,
            zeros: vec![0; depth + order.overrun()],
            budget: pack::budget(spec, packing)?,
        })
    }

    /// Puts the outputs elsewhere in the image that they are pixels of.
    pub(crate) fn set_output_grid(&mut self, grid: OutputGrid) {
        self.geometry.set_output_grid(grid);
    }

    /// Computes some pixels of some panels.
    ///
    /// # Safety
    /// As [`Layer::run`]; the views were asserted to hold the tensors.
    unsafe fn block(&self, pixels: Range<usize>, panels: Range<usize>, input: *const i16, output: *mut i16) {
        let Descriptor { tiles, packing, .. } = self.bound.descriptor();
        let Geometry { input: image, window, .. } = &self.geometry;
        let pairs = self.depth.div_ceil(2);
        let panel_len = packing.panel_len(window.taps[0] * window.taps[1], self.depth);
        let mut rows = [Row { image: input, first: [0; 2], pixel: 0 }; MAX_ROWS];
        for index in panels {
            let panel = self.panels[index];
            let base = input.wrapping_add(panel.group * self.depth);
            for first in pixels.clone().step_by(tiles.len()) {
                let count = tiles.len().min(pixels.end - first);
                self.geometry.locate(first, base, &mut rows[..count]);
                let rows = &rows[..count];
                let epilogue = WordEpilogue {
                    rows,
                    requantizer: &self.requantizers[index],
                    output: output.wrapping_add(panel.first),
                    pixel_stride: self.channels,
                    channels: panel.channels,
                };
                let tile = Tile {
                    rows,
                    input: image,
                    window,
                    zeros: &self.zeros,
                    pairs,
                    weights: &self.weights[index * panel_len..(index + 1) * panel_len],
                    budget: self.budget,
                    epilogue,
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
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.geometry.outputs().div_ceil(self.task_pixels) * self.panels.len().div_ceil(self.task_panels)
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&self.weights[..]) + size_of_val(&self.requantizers[..])
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let (input, output, image) = (inputs[0], outputs[0], &self.geometry.input);
        // Channels that are no whole group make the last one read more elements, of any value.
        let elements = image.pixels() * image.channels + self.bound.descriptor().packing.overrun();
        assert!(input.len() >= 2 * elements, "input view of {} bytes", input.len());
        let end = 2 * (self.geometry.last_pixel() + 1) * self.channels;
        assert!(output.len() >= end, "output view of {} bytes", output.len());
        assert!(input.as_ptr().addr().is_multiple_of(2) && output.as_ptr().addr().is_multiple_of(2), "alignment");
        let columns = self.panels.len().div_ceil(self.task_panels);
        let (first_pixel, first_panel) = (task / columns * self.task_pixels, task % columns * self.task_panels);
        let panels = first_panel..self.panels.len().min(first_panel + self.task_panels);
        let end = self.geometry.outputs().min(first_pixel + self.task_pixels);
        // Whole tiles.
        let most = BLOCK_PIXELS - BLOCK_PIXELS % self.bound.descriptor().tiles.len();
        for first in (first_pixel..end).step_by(most) {
            let pixels = first..end.min(first + most);
            // SAFETY: asserted above; the rest is the caller's promise.
            unsafe { self.block(pixels, panels.clone(), input.as_ptr().cast(), output.as_ptr().cast()) }
        }
        Ok(())
    }
}
