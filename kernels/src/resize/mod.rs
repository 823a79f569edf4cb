//! Bilinear resizing: each output pixel from four input pixels and a weight for each axis.
//!
//! Where the pixels are and how they are weighed is settled before: a table for the rows and one for the columns. A row of
//! outputs is a loop over its columns and over blocks of sixteen channels. Float forms round every product and sum, in the
//! order of the specification; integer forms are exact, so they may factor.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::memory::{Input, Output};
use crate::window::Image;

#[cfg(target_arch = "aarch64")]
mod neon;
mod row;

use row::{BLOCK, Row, RowFn, Rows};

/// Where one output row or column lies between two of the input, and how far from the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<F> {
    /// Index before.
    pub lower: usize,
    /// Index after.
    pub upper: usize,
    /// Weight of the one after, as a fraction of 1 or, in integers, of 1024.
    pub fraction: F,
}

/// The element type, with the samples of rows and columns in the form that it takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// `uint8`, computed in `f32`.
    U8([Vec<Sample<f32>>; 2]),
    /// `int8`, computed in integers.
    I8([Vec<Sample<i32>>; 2]),
    /// `int16`, computed in integers.
    I16([Vec<Sample<i32>>; 2]),
    /// `f32`.
    F32([Vec<Sample<f32>>; 2]),
}

/// What a resizing is to do.
#[derive(Clone, Debug)]
pub struct ResizeSpec {
    /// The input; its pixel stride counts elements.
    pub input: Image,
    /// Output rows and columns.
    pub samples: Samples,
    /// Elements from one output pixel to the next; at least the channels.
    pub output_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// The family, as the registry lists it.
const FAMILY: &str = "resizing";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    names: [&'static str; 4],
    rows: Rows,
}

/// Kernels of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &Descriptor {
        isa: Isa::Avx512Vnni,
        names: [
            "resize_bilinear_u8_avx512vnni_x16",
            "resize_bilinear_s8_avx512vnni_x16",
            "resize_bilinear_s16_avx512vnni_x16",
            "resize_bilinear_f32_avx512vnni_x16",
        ],
        rows: row::AVX512,
    },
    #[cfg(target_arch = "x86_64")]
    &Descriptor {
        isa: Isa::Avx2,
        names: [
            "resize_bilinear_u8_avx2_x16",
            "resize_bilinear_s8_avx2_x16",
            "resize_bilinear_s16_avx2_x16",
            "resize_bilinear_f32_avx2_x16",
        ],
        rows: row::AVX2,
    },
    #[cfg(target_arch = "aarch64")]
    &Descriptor {
        isa: Isa::Neon,
        names: [
            "resize_bilinear_u8_neon_x16",
            "resize_bilinear_s8_neon_x16",
            "resize_bilinear_s16_neon_x16",
            "resize_bilinear_f32_neon_x16",
        ],
        rows: neon::ROWS,
    },
    &Descriptor {
        isa: Isa::Scalar,
        names: [
            "resize_bilinear_u8_scalar_x16",
            "resize_bilinear_s8_scalar_x16",
            "resize_bilinear_s16_scalar_x16",
            "resize_bilinear_f32_scalar_x16",
        ],
        rows: row::PORTABLE,
    },
];

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.names.map(Into::into).to_vec()
    }
}

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

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
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
        let (rows, views) = (&self.bound.descriptor().rows, (inputs[0], outputs[0]));
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

#[cfg(test)]
mod tests;
