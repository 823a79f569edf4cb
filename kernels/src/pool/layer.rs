//! A prepared pooling and the loop around its tiles.

use alloc::vec::Vec;
use core::ops::Range;

use super::divide::{average, divide};
use super::edges::Edges;
use super::spec::{PoolKind, PoolSpec};
use super::table::{Descriptor, FAMILY, KERNELS, WindowShape};
use super::tile::Tile;
use crate::arch::Divide;
use crate::bound::Bound;
use crate::isa::{Isa, Storage};
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::memory::{Input, Output, SLACK};
use crate::window::{Span, spans};

/// Outputs of a row whose windows have the same columns inside.
struct Class {
    /// Output columns.
    across: Range<usize>,
    /// Input row and column of the first tap inside, for the first output of the rectangle.
    first: [usize; 2],
    /// Taps inside, down and across.
    taps: [usize; 2],
    shape: WindowShape,
    /// The division of an average; `None` for maxima and where 16 bits do not do.
    divide: Option<Divide>,
}

/// Output rows whose windows have the same rows inside.
struct Band {
    /// Output rows.
    down: Range<usize>,
    /// The band's classes from left to right.
    classes: Vec<Class>,
}

/// An average or maximum pooling, ready to run.
///
/// Input 0 is the activations, output 0 the result.
pub struct Pool {
    bound: Bound<Descriptor>,
    spec: PoolSpec,
    bands: Vec<Band>,
    /// The divisions of a window that is computed from edge to edge, without the bands.
    edges: Option<[[Divide; 2]; 2]>,
    /// Output rows of all images that one task computes.
    task_rows: usize,
    input_bytes: usize,
    output_bytes: usize,
}

/// Some output rows of an image, and the tensors.
#[derive(Clone, Copy)]
struct Rows<'a> {
    image: usize,
    /// The first of them.
    first: usize,
    count: usize,
    input: Input<'a>,
    output: Output<'a>,
}

/// Prepares a pooling for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a dilation, pixels
/// that overlap, the average of a window that lies in the padding.
pub fn prepare(isa: Isa, spec: &PoolSpec) -> Pool {
    Pool::new(Bound::new(KERNELS, isa), spec)
}

impl Pool {
    fn new(bound: Bound<Descriptor>, spec: &PoolSpec) -> Self {
        check(spec);
        let storage = bound.descriptor().isa.storage();
        let mut bands = Vec::new();
        for down in spans(&spec.window, 0, spec.input.height, spec.output[0]) {
            let across = spans(&spec.window, 1, spec.input.width, spec.output[1]);
            let classes = across.iter().map(|across| class(spec, storage, &down, across)).collect();
            bands.push(Band { down: down.outputs, classes });
        }
        let pixels = spec.input.batch * spec.output[0] * spec.output[1];
        // Tiles read whole registers, of at most the slack, where there are fewer channels.
        let last_read = spec.input.channels.max(SLACK.min(bound.descriptor().width));
        let row_sizes = [spec.output[1], spec.input.channels, spec.window.taps[0], spec.window.taps[1]];
        let row_work = row_sizes.into_iter().fold(1, usize::saturating_mul) / 8;
        Self {
            bound,
            spec: *spec,
            bands,
            edges: edges(spec, storage),
            task_rows: row_tasks(spec.input.batch * spec.output[0], row_work, spec.threads),
            input_bytes: (spec.input.pixels() - 1) * spec.input.pixel_stride + last_read,
            output_bytes: (pixels - 1) * spec.pixel_stride + spec.input.channels,
        }
    }

    /// Runs one class of some rows, which lie `band_row` rows below the first of their band.
    ///
    /// # Safety
    /// As [`Layer::run`], with views as long as it asserts.
    unsafe fn run_class(&self, class: &Class, rows: Rows<'_>, band_row: usize) {
        let (spec, descriptor) = (&self.spec, self.bound.descriptor());
        let pixel = spec.input.pixel_stride;
        let at =
            (rows.image * spec.input.height + class.first[0] + band_row * spec.window.stride[0]) * spec.input.width;
        let output = (rows.image * spec.output[0] + rows.first) * spec.output[1] + class.across.start;
        let tile = Tile {
            input: rows.input.as_ptr().wrapping_add((at + class.first[1]) * pixel),
            tap_steps: [spec.input.width * pixel, pixel],
            taps: class.taps,
            input_step: spec.window.stride[1] * pixel,
            row_step: spec.window.stride[0] * spec.input.width * pixel,
            output: rows.output.as_ptr().wrapping_add(output * spec.pixel_stride),
            output_step: spec.pixel_stride,
            output_row_step: spec.output[1] * spec.pixel_stride,
            rows: rows.count,
            pixels: class.across.len(),
            channels: spec.input.channels,
            clamp: [spec.output_min as u8, spec.output_max as u8],
            divide: class.divide,
        };
        // SAFETY: the bound descriptor proves the CPU feature. Taps of a class lie inside the image,
        // and the asserted view holds a register at its last pixel. Output pixels lie inside the
        // asserted view, and the caller vouches that nobody else touches those of this task.
        unsafe {
            match (spec.kind, class.divide) {
                (PoolKind::Maximum, _) => descriptor.maximum(class.shape)(&tile),
                (PoolKind::Average { .. }, Some(_)) => descriptor.average(class.shape)(&tile),
                (PoolKind::Average { file_is_signed }, None) => self.average_wide(&tile, file_is_signed),
            }
        }
    }

    /// Runs some rows of averages from edge to edge.
    ///
    /// # Safety
    /// As [`Layer::run`], with views as long as it asserts.
    unsafe fn run_edges(&self, divide: [[Divide; 2]; 2], rows: Rows<'_>) {
        let spec = &self.spec;
        let first = rows.image * spec.input.height * spec.input.width;
        let call = Edges {
            input: rows.input.as_ptr().wrapping_add(first * spec.input.pixel_stride),
            input_step: spec.input.pixel_stride,
            output: rows.output.as_ptr().wrapping_add(first * spec.pixel_stride),
            output_step: spec.pixel_stride,
            size: spec.output,
            rows: rows.first..rows.first + rows.count,
            channels: spec.input.channels,
            clamp: [spec.output_min as u8, spec.output_max as u8],
            divide,
        };
        // SAFETY: the bound descriptor proves the CPU feature. There are as many outputs as inputs, all inside
        // the asserted views, that of the input with a register at its last pixel. The caller vouches that
        // nobody else touches the outputs of this task.
        unsafe { (self.bound.descriptor().average_to_edges)(&call) }
    }

    /// Averages of more taps than 16-bit sums hold.
    ///
    /// # Safety
    /// As [`super::tile::TileFn`].
    unsafe fn average_wide(&self, tile: &Tile, file_is_signed: bool) {
        let storage = self.bound.descriptor().isa.storage();
        let count = (tile.taps[0] * tile.taps[1]) as i64;
        for at in 0..tile.rows * tile.pixels * tile.channels {
            let (pixel, channel) = (at / tile.channels % tile.pixels, at % tile.channels);
            let row = at / tile.channels / tile.pixels;
            let (input, output) = (row * tile.row_step, row * tile.output_row_step + pixel * tile.output_step);
            let input = tile.input.wrapping_add(input + pixel * tile.input_step);
            let mut sum = 0;
            for tap in 0..tile.taps[0] * tile.taps[1] {
                let offset = tap / tile.taps[1] * tile.tap_steps[0] + tap % tile.taps[1] * tile.tap_steps[1];
                // SAFETY: the caller vouches for every tap's channels.
                sum += i64::from(storage.value(unsafe { *input.add(offset + channel) }));
            }
            let value =
                average(storage, file_is_signed, sum, count).max(self.spec.output_min).min(self.spec.output_max);
            // SAFETY: the caller vouches for every pixel's channels.
            unsafe { *tile.output.add(output + channel) = value as u8 }
        }
    }
}

/// The divisions where [`Edges`] computes the pooling.
fn edges(spec: &PoolSpec, storage: Storage) -> Option<[[Divide; 2]; 2]> {
    let PoolKind::Average { file_is_signed } = spec.kind else { return None };
    let window = &spec.window;
    let size = [spec.input.height, spec.input.width];
    let square = window.taps == [3; 2] && window.stride == [1; 2] && window.pad_before == [1; 2];
    if !square || spec.output != size || size.iter().any(|&n| n < 2) {
        return None;
    }
    let of = |down: usize, across: usize| divide(storage, file_is_signed, down * across);
    Some([[of(3, 3)?, of(3, 2)?], [of(2, 3)?, of(2, 2)?]])
}

fn class(spec: &PoolSpec, storage: Storage, down: &Span, across: &Span) -> Class {
    let taps = [down.taps.len(), across.taps.len()];
    let first = spec.window.first_inside([down, across]);
    let divide = match spec.kind {
        PoolKind::Maximum => None,
        PoolKind::Average { file_is_signed } => {
            assert!(taps[0] * taps[1] > 0, "the average of a window that lies in the padding");
            divide(storage, file_is_signed, taps[0] * taps[1])
        }
    };
    let shape = WindowShape::of(taps, spec.window.stride[1]);
    Class { across: across.outputs.clone(), first, taps, shape, divide }
}

impl Layer for Pool {
    fn kernel(&self) -> KernelId {
        let name = match self.spec.kind {
            PoolKind::Average { .. } => self.bound.descriptor().average_name,
            PoolKind::Maximum => self.bound.descriptor().maximum_name,
        };
        self.bound.kernel(FAMILY, name)
    }

    fn tasks(&self) -> usize {
        (self.spec.input.batch * self.spec.output[0]).div_ceil(self.task_rows)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.output_bytes, "output view of {} bytes", outputs[0].len());
        let [height, _] = self.spec.output;
        let rows = self.spec.input.batch * height;
        let end = rows.min((task + 1) * self.task_rows);
        let (input, output) = (inputs[0], outputs[0]);
        // Only rows that have most of their input in common gain from coming one after the other.
        let together = if self.spec.window.stride[0] == 1 { rows } else { 1 };
        let mut next = task * self.task_rows;
        while next < end {
            let (image, row) = (next / height, next % height);
            if let Some(divide) = self.edges {
                let count = (height - row).min(end - next);
                // SAFETY: the caller's promise, and the assertions above.
                unsafe { self.run_edges(divide, Rows { image, first: row, count, input, output }) }
                next += count;
                continue;
            }
            let band = self.bands.iter().find(|band| band.down.contains(&row)).expect("bands cover all rows");
            let count = (band.down.end - row).min(end - next).min(together);
            let rows = Rows { image, first: row, count, input, output };
            for class in &band.classes {
                // SAFETY: the caller's promise, and the assertions above.
                unsafe { self.run_class(class, rows, row - band.down.start) }
            }
            next += count;
        }
        Ok(())
    }
}

/// Asserts that a specification does not contradict itself.
fn check(spec: &PoolSpec) {
    assert!(spec.input.pixels() > 0 && spec.input.channels > 0, "the input has pixels");
    assert!(spec.input.pixel_stride >= spec.input.channels, "input pixels do not overlap");
    assert!(spec.pixel_stride >= spec.input.channels, "output pixels do not overlap");
    assert!(spec.output.iter().all(|&n| n > 0), "there is something to compute");
    assert!(spec.window.taps.iter().chain(&spec.window.stride).all(|&n| n > 0), "taps and strides");
    assert!(spec.window.dilation == [1; 2], "pooling windows have no gaps");
}
