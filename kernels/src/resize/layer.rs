//! A prepared resizing and the loop around its rows.

use alloc::vec::Vec;

use super::row::{BLOCK, Row, RowFn};
use super::spec::{ResizeSpec, Sample, Samples};
use super::table::{Descriptor, FAMILY, KERNELS};
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::memory::{Input, Output};
use crate::window::Image;

/// A resizing, ready to run. Input 0 is the image, output 0 the resized one.
pub struct Resize {
    bound: Bound<Descriptor>,
    spec: ResizeSpec,
    size: [usize; 2],
    element_bytes: usize,
    /// What file bytes are XORed with when stored.
    mask: u8,
    task_rows: usize,
    input_bytes: usize,
    output_bytes: usize,
}

/// Prepares a resizing for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, samples lie outside the input or have fractions that no resizing has, or pixels
/// overlap.
pub fn prepare(isa: Isa, spec: ResizeSpec) -> Resize {
    let bound = Bound::new(KERNELS, isa);
    let Image { batch, height, width, channels, pixel_stride } = spec.input;
    assert!(pixel_stride.min(spec.output_stride) >= channels, "pixels do not overlap");
    let within = |lower: usize, upper: usize, size: usize| lower < size && upper < size;
    let (size, element_bytes, sound) = match &spec.samples {
        Samples::U8([rows, columns]) | Samples::F32([rows, columns]) => {
            let sound = |list: &[Sample<f32>], size| {
                list.iter().all(|it| within(it.lower, it.upper, size) && (-2.0..=2.0).contains(&it.fraction))
            };
            let bytes = if matches!(spec.samples, Samples::U8(_)) { 1 } else { 4 };
            ([rows.len(), columns.len()], bytes, sound(rows, height) && sound(columns, width))
        }
        Samples::I8([rows, columns]) | Samples::I16([rows, columns]) => {
            let sound = |list: &[Sample<i32>], size| list.iter().all(|it| within(it.lower, it.upper, size));
            let bytes = if matches!(spec.samples, Samples::I8(_)) { 1 } else { 2 };
            ([rows.len(), columns.len()], bytes, sound(rows, height) && sound(columns, width))
        }
    };
    assert!(sound || size.contains(&0), "samples lie inside {height} x {width}");
    let mask = match spec.samples {
        Samples::U8(_) => isa.storage().xor_mask(false),
        Samples::I8(_) => isa.storage().xor_mask(true),
        _ => 0,
    };
    let pixels = batch * size[0] * size[1];
    let blocks = channels.next_multiple_of(BLOCK);
    let (input_bytes, output_bytes) = match spec.input.pixels() == 0 || pixels == 0 || channels == 0 {
        true => (0, 0),
        false => ((spec.input.pixels() - 1) * pixel_stride + blocks, (pixels - 1) * spec.output_stride + channels),
    };
    Resize {
        bound,
        size,
        element_bytes,
        mask,
        task_rows: row_tasks(batch * size[0], size[1].saturating_mul(blocks), spec.threads),
        input_bytes: input_bytes * element_bytes,
        output_bytes: output_bytes * element_bytes,
        spec,
    }
}

impl Resize {
    /// Computes an output row of an image.
    ///
    /// # Safety
    /// Input and output views are as long as asserted, nobody writes the input, and nobody else touches the row.
    unsafe fn row<F: Copy>(
        &self,
        [batch, y]: [usize; 2],
        samples: &[Vec<Sample<F>>; 2],
        run: RowFn<F>,
        views: (Input<'_>, Output<'_>),
    ) {
        let Image { height, width, channels, pixel_stride, .. } = self.spec.input;
        let bytes = self.element_bytes;
        let sample = samples[0][y];
        let line =
            |index: usize| views.0.as_ptr().wrapping_add((batch * height + index) * width * pixel_stride * bytes);
        let first = (batch * self.size[0] + y) * self.size[1] * self.spec.output_stride * bytes;
        let row = Row {
            lines: [line(sample.lower), line(sample.upper)],
            fraction: sample.fraction,
            columns: &samples[1],
            channels,
            input_stride: pixel_stride * bytes,
            output: views.1.as_ptr().wrapping_add(first),
            output_stride: self.spec.output_stride * bytes,
            mask: self.mask,
        };
        // SAFETY: the bound descriptor proves the CPU feature. Samples lie inside the image, so their pixels with a whole
        // block from any block's first channel lie inside the asserted input view, and the row inside the output view;
        // fractions were asserted.
        unsafe { run(&row) }
    }
}

impl Layer for Resize {
    fn kernel(&self) -> KernelId {
        let index = match self.spec.samples {
            Samples::U8(_) => 0,
            Samples::I8(_) => 1,
            Samples::I16(_) => 2,
            Samples::F32(_) => 3,
        };
        self.bound.kernel(FAMILY, self.bound.descriptor().names[index])
    }

    fn tasks(&self) -> usize {
        (self.spec.input.batch * self.size[0]).div_ceil(self.task_rows).max(1)
    }

    fn packed_bytes(&self) -> usize {
        (self.size[0] + self.size[1]) * size_of::<Sample<f32>>()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        if self.output_bytes == 0 {
            return Ok(());
        }
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.output_bytes, "output view of {} bytes", outputs[0].len());
        let (rows, views) = (self.bound.descriptor(), (inputs[0], outputs[0]));
        let all = self.spec.input.batch * self.size[0];
        for row in task * self.task_rows..all.min((task + 1) * self.task_rows) {
            let at = [row / self.size[0], row % self.size[0]];
            // SAFETY: the views were asserted; the rest is the caller's promise.
            unsafe {
                match &self.spec.samples {
                    Samples::U8(samples) => self.row(at, samples, rows.u8, views),
                    Samples::I8(samples) => self.row(at, samples, rows.i8, views),
                    Samples::I16(samples) => self.row(at, samples, rows.i16, views),
                    Samples::F32(samples) => self.row(at, samples, rows.f32, views),
                }
            }
        }
        Ok(())
    }
}
