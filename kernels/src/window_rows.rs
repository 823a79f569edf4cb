//! Rows of outputs of float32 windows, and the walk over them in tiles of neighbouring pixels: what depthwise convolutions and pools
//! of float32 have in common.
//!
//! Columns of outputs whose windows have the same taps inside the image are a span, so that a tile of several pixels of one has the
//! same taps for all of them.

use alloc::vec::Vec;
use core::ops::Range;

use crate::arch::{InstructionSet, LANES};
use crate::layer::row_tasks;
use crate::memory::{Input, Output};
use crate::window::{Image, Span, Window, spans};

/// Windows over images of float32; strides in elements.
#[derive(Clone, Debug)]
pub(crate) struct WindowRows {
    pub(crate) input: Image,
    pub(crate) window: Window,
    /// Output height and width.
    pub(crate) output: [usize; 2],
    /// Output channels.
    pub(crate) channels: usize,
    /// From one output pixel to the next.
    pub(crate) pixel_stride: usize,
    /// Of the outputs across.
    spans: Vec<Span>,
    /// Output channels that are computed for all rows of a task before the next: a multiple of any vector's lanes.
    block: usize,
    /// Output rows that one task computes.
    task_rows: usize,
}

/// Bytes of the rows that a window meets, of the channels of a block: what stays in the cache of the first level until the next row
/// of outputs reads it again.
const BLOCK_BYTES: usize = 24 << 10;

/// Bytes of an image up to which it is worth going through it once for each block of channels. Larger ones come from far away, where
/// what lies side by side arrives together.
const NEAR_BYTES: usize = 1 << 20;

/// What is to be computed.
pub(crate) struct RowsSpec {
    pub(crate) input: Image,
    pub(crate) window: Window,
    pub(crate) output: [usize; 2],
    pub(crate) channels: usize,
    pub(crate) pixel_stride: usize,
    pub(crate) threads: usize,
}

/// Where the rows of a task are.
pub(crate) struct TaskRows {
    /// Output rows of all images.
    rows: Range<usize>,
    source: *const f32,
    target: *mut f32,
}

/// Neighbouring pixels of one output row, of one span.
pub(crate) struct Pixels {
    /// Taps inside, down and across.
    pub(crate) down: Range<usize>,
    pub(crate) across: Range<usize>,
    /// The first pixel's first channel of the first tap inside.
    pub(crate) source: *const f32,
    /// The first pixel's output.
    pub(crate) target: *mut f32,
    /// The channels to compute, whole vectors but for the last.
    pub(crate) channels: Range<usize>,
    /// How many pixels are left of the span.
    pub(crate) left: usize,
    /// The image.
    pub(crate) image: usize,
}

/// What computes tiles.
pub(crate) trait PixelTiles<A: InstructionSet> {
    /// Computes the channels of one or more pixels, from the first on; how many pixels.
    ///
    /// # Safety
    /// The windows' taps are readable, with `LANES - 1` elements more behind each pixel; the pixels' outputs are writable, and nobody
    /// else touches them. In a function that enables the instruction set of `arch`.
    unsafe fn some_pixels(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize;
}

impl WindowRows {
    /// # Panics
    /// There is nothing to compute, or strides are shorter than pixels.
    pub(crate) fn new(spec: RowsSpec) -> Self {
        let RowsSpec { input, window, output, channels, pixel_stride, threads } = spec;
        assert!(
            input.pixels() > 0 && input.channels > 0 && input.pixel_stride >= input.channels,
            "the input has pixels"
        );
        assert!(channels > 0 && pixel_stride >= channels, "output pixels lie apart");
        let [taps_y, taps_x] = window.taps;
        assert!(output.iter().all(|&n| n > 0) && taps_y > 0 && taps_x > 0, "there is something to compute");
        let row_work = [taps_y, taps_x, output[1], channels.div_ceil(LANES)].into_iter().fold(1, usize::saturating_mul);
        let spans = spans(&window, 1, input.width, output[1]);
        let multiplier = channels.div_ceil(input.channels);
        let channel_bytes = taps_y.saturating_mul(input.width).saturating_mul(size_of::<f32>()).div_ceil(multiplier);
        let image_bytes = (size_of::<f32>() * input.height * input.width).saturating_mul(input.pixel_stride);
        let block = match image_bytes > NEAR_BYTES {
            true => channels,
            false => (BLOCK_BYTES / channel_bytes / LANES * LANES).max(LANES),
        };
        let task_rows = row_tasks(input.batch * output[0], row_work, threads);
        Self { input, window, output, channels, pixel_stride, spans, block, task_rows }
    }

    /// Output rows of all images.
    fn rows(&self) -> usize {
        self.input.batch * self.output[0]
    }

    /// Whether every window has a tap inside the image.
    pub(crate) fn all_inside(&self) -> bool {
        let down = spans(&self.window, 0, self.input.height, self.output[0]);
        down.iter().chain(&self.spans).all(|span| !span.taps.is_empty())
    }

    /// Tasks, at least 1.
    pub(crate) fn tasks(&self) -> usize {
        self.rows().div_ceil(self.task_rows)
    }

    /// The rows of a task.
    ///
    /// # Panics
    /// There is no such task, or a view is not aligned, or shorter than what kernels read and write.
    pub(crate) fn task(&self, task: usize, input: Input<'_>, output: Output<'_>) -> TaskRows {
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let written = (self.rows() * self.output[1] - 1) * self.pixel_stride + self.channels;
        let read = self.input.span_bytes() + LANES - 1;
        assert!(input.len() >= size_of::<f32>() * read, "input view of {} bytes", input.len());
        assert!(output.len() >= size_of::<f32>() * written, "output view of {} bytes", output.len());
        let aligned = |address: usize| address.is_multiple_of(align_of::<f32>());
        assert!(aligned(input.as_ptr().addr()) && aligned(output.as_ptr().addr()), "alignment");
        TaskRows {
            rows: task * self.task_rows..self.rows().min((task + 1) * self.task_rows),
            source: input.as_ptr().cast(),
            target: output.as_ptr().cast(),
        }
    }

    /// Computes the rows of a task.
    ///
    /// # Safety
    /// The rows are of [`WindowRows::task`]. For the time of the call nobody writes the input, and nobody else touches the
    /// outputs of the task. In a function that enables the instruction set of `arch`.
    #[inline(always)]
    pub(crate) unsafe fn run<A: InstructionSet>(&self, arch: A, task: &TaskRows, tiles: &impl PixelTiles<A>) {
        for first in (0..self.channels).step_by(self.block) {
            let channels = first..self.channels.min(first + self.block);
            for row in task.rows.clone() {
                // SAFETY: the caller's promise.
                unsafe { self.run_row(arch, (task, row), &channels, tiles) }
            }
        }
    }

    /// Computes some channels of a row.
    ///
    /// # Safety
    /// As [`WindowRows::run`].
    #[inline(always)]
    unsafe fn run_row<A: InstructionSet>(
        &self,
        arch: A,
        (task, row): (&TaskRows, usize),
        channels: &Range<usize>,
        tiles: &impl PixelTiles<A>,
    ) {
        let (input, window) = (self.input, self.window);
        let (image, y) = (row / self.output[0], row % self.output[0]);
        let down = window.taps_at(0, input.height, y);
        let top = self.first_inside(0, y, down.start);
        for span in &self.spans {
            let mut x = span.outputs.start;
            while x < span.outputs.end {
                let left = self.first_inside(1, x, span.taps.start);
                let at = ((image * input.height + top) * input.width + left) * input.pixel_stride;
                let pixels = Pixels {
                    down: down.clone(),
                    across: span.taps.clone(),
                    source: task.source.wrapping_add(at),
                    target: task.target.wrapping_add((row * self.output[1] + x) * self.pixel_stride),
                    channels: channels.clone(),
                    left: span.outputs.end - x,
                    image,
                };
                // SAFETY: the taps inside lie in the view that was asserted to hold the input, and the pixels in that of
                // the output; the caller vouches for the rest.
                x += unsafe { tiles.some_pixels(arch, self, &pixels) };
            }
        }
    }

    /// The input's position of a tap inside the image, for the output at `position`.
    #[inline(always)]
    fn first_inside(&self, axis: usize, position: usize, tap: usize) -> usize {
        let window = &self.window;
        (position * window.stride[axis] + tap * window.dilation[axis]).saturating_sub(window.pad_before[axis])
    }

    /// Elements from the first tap inside down to the one in row `tap_y`.
    #[inline(always)]
    pub(crate) fn tap_row(&self, pixels: &Pixels, tap_y: usize) -> usize {
        (tap_y - pixels.down.start) * self.window.dilation[0] * self.input.width * self.input.pixel_stride
    }

    /// Elements from one tap to the next across.
    #[inline(always)]
    pub(crate) fn tap_step(&self) -> usize {
        self.window.dilation[1] * self.input.pixel_stride
    }

    /// Elements of the input from one output pixel to the next.
    #[inline(always)]
    pub(crate) fn pixel_step(&self) -> usize {
        self.window.stride[1] * self.input.pixel_stride
    }
}
