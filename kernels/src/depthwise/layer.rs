//! A prepared depthwise convolution and the loop around its tiles.

#[cfg(target_arch = "aarch64")]
use core::ops::Range;

use super::DepthwiseSpec;
use super::bind::Descriptor;
use super::column_tile::MOST_TAPS;
use super::columns::{Columns, OutputRow};
use super::pack::{self, Band, Block, Class};
use super::quads::{Quads, Row};
#[cfg(target_arch = "aarch64")]
use super::rows::Rows;
use super::tile::{Tile, TileFn};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::memory::{Input, Output};
use crate::quantization::OutputRange;
use crate::requantize::{Lanes, Requantizer};
use crate::window::{Image, Window};

/// A depthwise convolution with unfolded weights, ready to run.
///
/// Input 0 is the activations, output 0 the result.
pub struct Depthwise {
    bound: Bound<Descriptor>,
    input: Image,
    window: Window,
    output: [usize; 2],
    pixel_stride: usize,
    /// The tile for any window.
    tile: TileFn,
    /// The whole convolution as a window that slides along rows; nothing else is used then.
    columns: Option<Columns>,
    /// The whole convolution in rows of eight channels; nothing else is used then.
    #[cfg(target_arch = "aarch64")]
    rows: Option<Rows>,
    /// What four taps at a time are enough for.
    quads: Option<Quads>,
    /// All sixteens of channels; those that `quads` covers are skipped.
    blocks: Vec<Block>,
    requantizers: Vec<Requantizer>,
    /// Weights: blocks, then what the tile wants of each.
    weights: Vec<Lanes>,
    /// Lines of weights of a block.
    block_lines: usize,
    bias: Vec<Lanes>,
    bands: Vec<Band>,
    /// Output rows of all images that one task computes.
    task_rows: usize,
    input_bytes: usize,
    output_bytes: usize,
}

impl Depthwise {
    pub(super) fn new(bound: Bound<Descriptor>, spec: &DepthwiseSpec<'_>) -> Self {
        check(spec);
        let range = OutputRange {
            zero: spec.output_zero,
            min: spec.output_min,
            max: spec.output_max,
            offset: spec.output_offset,
        };
        #[cfg(target_arch = "aarch64")]
        let rows = Rows::new(bound.descriptor().rows, spec, range);
        let columns = bound.descriptor().columns.and_then(|kernel| Columns::new(kernel, spec, range));
        let whole = columns.is_some();
        #[cfg(target_arch = "aarch64")]
        let whole = whole || rows.is_some();
        let blocks = if whole { Vec::new() } else { pack::blocks(spec) };
        let (bands, bias) = pack::bands(spec, &blocks);
        let taps = spec.window.taps[0] * spec.window.taps[1];
        let largest_weight = pack::largest_weight(spec);
        let largest_sum = pack::largest_sum(largest_weight, &bias, taps);
        let (tile, format) = bound.descriptor().tile(spec.channels != spec.input.channels, largest_weight);
        let quads = bound
            .descriptor()
            .quads
            .filter(|_| !whole)
            .and_then(|kernel| Quads::new(kernel, spec, (&bands, &bias), (range, largest_sum)));
        let requantizer = |block: &Block| {
            Requantizer::new(spec.requantize, range, block.first..block.first + block.count, largest_sum)
        };
        let requantizers = blocks.iter().map(requantizer).collect();
        let last_read = blocks.last().map_or(0, |last| last.input + LANES);
        let last_read = last_read.max(quads.as_ref().map_or(0, Quads::reach));
        let last_read = last_read.max(columns.as_ref().map_or(0, Columns::reach));
        #[cfg(target_arch = "aarch64")]
        let last_read = last_read.max(rows.as_ref().map_or(0, Rows::reach));
        let read = (spec.input.pixels() - 1) * spec.input.pixel_stride + last_read;
        let pixels = spec.input.batch * spec.output[0] * spec.output[1];
        #[cfg(target_arch = "aarch64")]
        let together = rows.as_ref().map_or(1, Rows::together);
        #[cfg(not(target_arch = "aarch64"))]
        let together = 1;
        let row_work = (spec.output[1] * spec.channels).saturating_mul(spec.window.taps[0] * spec.window.taps[1]);
        Self {
            bound,
            input: spec.input,
            window: spec.window,
            output: spec.output,
            pixel_stride: spec.pixel_stride,
            tile,
            #[cfg(target_arch = "aarch64")]
            rows,
            columns,
            quads,
            requantizers,
            weights: pack::unfold(spec, &blocks, format),
            block_lines: format.lines(taps),
            blocks,
            bias,
            bands,
            task_rows: row_tasks(spec.input.batch * spec.output[0], row_work, spec.threads).next_multiple_of(together),
            input_bytes: read,
            output_bytes: (pixels - 1) * spec.pixel_stride + spec.channels,
        }
    }

    /// Where a row of outputs and the rows that its windows see lie.
    fn output_row(&self, [image, row]: [usize; 2], input: Input<'_>, output: Output<'_>) -> OutputRow {
        let (window, pixel) = (&self.window, self.input.pixel_stride);
        let mut rows = [None; MOST_TAPS];
        for (tap, place) in rows.iter_mut().enumerate().take(window.taps[0]) {
            let at = (row * window.stride[0] + tap).checked_sub(window.pad_before[0]);
            *place = at.filter(|&at| at < self.input.height).map(|at| {
                let first = (image * self.input.height + at) * self.input.width;
                input.as_ptr().wrapping_add(first * pixel)
            });
        }
        let first = (image * self.output[0] + row) * self.output[1];
        OutputRow {
            rows,
            left: window.pad_before[1],
            output: output.as_ptr().wrapping_add(first * self.pixel_stride),
            output_step: self.pixel_stride,
            pixels: self.output[1],
        }
    }

    /// Runs rows of outputs of all images, together where they may be.
    ///
    /// # Safety
    /// As [`Rows::run`].
    #[cfg(target_arch = "aarch64")]
    unsafe fn run_rows(&self, rows: &Rows, range: Range<usize>, input: *const u8, output: *mut u8) {
        let mut row = range.start;
        while row < range.end {
            let (image, at) = (row / self.output[0], row % self.output[0]);
            let count = rows.together().min(range.end - row).min(self.output[0] - at);
            // SAFETY: the caller's promise.
            unsafe { rows.run([image, at], count, input, output) }
            row += count;
        }
    }

    /// Runs one row of one class.
    ///
    /// # Safety
    /// As [`Layer::run`], with views as long as it asserts.
    unsafe fn run_class(&self, at: [usize; 2], class: &Class, row: &Row) {
        let mut done = 0;
        if let Some(quads) = &self.quads {
            // SAFETY: as for the tiles below.
            unsafe { quads.run(at, row) }
            done = quads.channels;
        }
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| block.first >= done) {
            let call = Tile {
                input: row.input.wrapping_add(block.input),
                input_step: self.window.stride[1] * self.input.pixel_stride,
                taps: &class.taps,
                weights: &self.weights[index * self.block_lines..][..self.block_lines],
                bias: &self.bias[class.bias + index],
                order: &block.order,
                requantizer: &self.requantizers[index],
                output: row.output.wrapping_add(block.first),
                output_step: self.pixel_stride,
                pixels: row.pixels,
                channels: block.count,
            };
            // SAFETY: the bound descriptor proves the CPU feature. Taps of a class lie inside the
            // image, and the asserted view holds sixteen bytes from the block's first channel of the
            // last pixel. Output pixels and channels lie inside the asserted view, and the caller
            // vouches that nobody else touches those of this task.
            unsafe { (self.tile)(&call) }
        }
    }
}

impl Layer for Depthwise {
    fn kernel(&self) -> KernelId {
        #[cfg(target_arch = "aarch64")]
        if let Some(rows) = &self.rows {
            return self.bound.kernel(super::FAMILY, rows.name());
        }
        let other = || self.quads.as_ref().map_or(self.bound.descriptor().name, Quads::name);
        self.bound.kernel(super::FAMILY, self.columns.as_ref().map_or_else(other, Columns::name))
    }

    fn tasks(&self) -> usize {
        (self.input.batch * self.output[0]).div_ceil(self.task_rows)
    }

    fn packed_bytes(&self) -> usize {
        let quads = self.quads.as_ref().map_or(0, Quads::packed_bytes);
        let columns = self.columns.as_ref().map_or(0, Columns::packed_bytes);
        #[cfg(target_arch = "aarch64")]
        let columns = columns + self.rows.as_ref().map_or(0, Rows::packed_bytes);
        columns
            + quads
            + size_of_val(&self.weights[..])
            + size_of_val(&self.bias[..])
            + size_of_val(&self.requantizers[..])
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.output_bytes, "output view of {} bytes", outputs[0].len());
        let rows = self.input.batch * self.output[0];
        #[cfg(target_arch = "aarch64")]
        if let Some(in_rows) = &self.rows {
            let end = rows.min((task + 1) * self.task_rows);
            // SAFETY: the bound descriptor proves the CPU feature; the views have been asserted to hold what tiles
            // reach. The caller vouches that nobody else touches the output pixels of this task.
            unsafe { self.run_rows(in_rows, task * self.task_rows..end, inputs[0].as_ptr(), outputs[0].as_ptr()) }
            return Ok(());
        }
        for row in task * self.task_rows..rows.min((task + 1) * self.task_rows) {
            let (image, row) = (row / self.output[0], row % self.output[0]);
            if let Some(columns) = &self.columns {
                // SAFETY: the bound descriptor proves the CPU feature, and the rows lie inside the asserted
                // views, which hold the tile's reach at the last pixel. The caller vouches that nobody
                // else touches the output pixels of this task.
                unsafe { columns.run(&self.output_row([image, row], inputs[0], outputs[0])) }
                continue;
            }
            let found = self.bands.iter().position(|band| band.down.contains(&row)).expect("bands cover all rows");
            let band = &self.bands[found];
            for (index, class) in band.classes.iter().enumerate() {
                let at_y = class.first[0] + (row - band.down.start) * self.window.stride[0];
                let at = (image * self.input.height + at_y) * self.input.width + class.first[1];
                let pixel = (image * self.output[0] + row) * self.output[1] + class.across.start;
                let place = Row {
                    input: inputs[0].as_ptr().wrapping_add(at * self.input.pixel_stride),
                    output: outputs[0].as_ptr().wrapping_add(pixel * self.pixel_stride),
                    pixels: class.across.len(),
                };
                // SAFETY: the caller's promise, and the assertions above.
                unsafe { self.run_class([found, index], class, &place) }
            }
        }
        Ok(())
    }
}

/// Asserts that a specification does not contradict itself.
fn check(spec: &DepthwiseSpec<'_>) {
    let [rows, columns] = spec.window.taps;
    assert!(spec.input.pixels() > 0 && spec.input.channels > 0, "the input has pixels");
    assert!(spec.input.pixel_stride >= spec.input.channels, "input pixels do not overlap");
    assert!(spec.output.iter().all(|&n| n > 0), "there is something to compute");
    assert!(rows > 0 && columns > 0, "the window has taps");
    assert!(spec.window.stride.iter().chain(&spec.window.dilation).all(|&n| n > 0), "strides and dilations");
    assert!(spec.channels > 0 && spec.channels.is_multiple_of(spec.input.channels), "output channels are a multiple");
    assert!(spec.pixel_stride >= spec.channels, "output pixels do not overlap");
    assert_eq!(spec.weights.bytes.len(), rows * columns * spec.channels, "weights are [KH, KW, C]");
    assert!((-128..=255).contains(&spec.weights.zero), "a weight zero point of {}", spec.weights.zero);
    assert!(spec.bias.is_empty() || spec.bias.len() == spec.channels, "one bias for each channel");
    let multipliers = spec.requantize.len();
    assert!(multipliers == 1 || multipliers == spec.channels, "one multiplier, or one for each channel");
}
