//! Data movement that strides alone cannot plan away: copies of channel ranges, and padding.

use crate::layer::{Layer, row_tasks};
use crate::memory::{Input, Output};
use crate::strided::{Runs, Strided};
use crate::window::Image;

/// Names of the family's kernels; portable code serves every instruction set.
pub static KERNELS: &[&str] = &[COPY, PAD];

const COPY: &str = "copy_8_portable";
const PAD: &str = "pad_8_portable";

/// What a copy is to do. A range of channels of a wider tensor is a view that starts at its first.
#[derive(Clone, Copy, Debug)]
pub struct CopySpec {
    /// Where the elements are.
    pub shape: Strided,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A copy, ready to run. Input 0 is copied to output 0.
pub struct Copy {
    runs: Runs<1>,
}

/// Prepares a copy.
///
/// # Panics
/// Pixels overlap.
pub fn prepare(spec: &CopySpec) -> Copy {
    Copy { runs: Runs::new(spec.shape, 1, spec.threads) }
}

impl Layer for Copy {
    fn kernel(&self) -> &str {
        COPY
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        self.runs.check(inputs, outputs, 0);
        for run in self.runs.of_task(task) {
            // SAFETY: runs lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task.
            let (input, output) =
                unsafe { (inputs[0].run(run.inputs[0], run.len), outputs[0].run(run.output, run.len)) };
            output.copy_from_slice(input);
        }
    }
}

/// What a padding is to do: the input inside a larger tensor, the rest filled.
#[derive(Clone, Copy, Debug)]
pub struct PadSpec {
    /// The input, N H W C.
    pub input: Image,
    /// Elements before and after along N, H, W and C.
    pub padding: [[usize; 2]; 4],
    /// The stored byte around the input.
    pub fill: u8,
    /// Bytes from one output pixel to the next; at least the padded channels.
    pub pixel_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A padding, ready to run. Input 0 goes inside output 0.
pub struct Pad {
    spec: PadSpec,
    /// Padded N, H, W and C.
    output: [usize; 4],
    /// Output rows of all images that one task fills.
    task_rows: usize,
}

/// Prepares a padding.
///
/// # Panics
/// Pixels overlap.
pub fn prepare_pad(spec: &PadSpec) -> Pad {
    let inner = [spec.input.batch, spec.input.height, spec.input.width, spec.input.channels];
    let output: [usize; 4] = core::array::from_fn(|axis| spec.padding[axis][0] + inner[axis] + spec.padding[axis][1]);
    assert!(spec.input.pixel_stride >= spec.input.channels, "input pixels do not overlap");
    assert!(spec.pixel_stride >= output[3], "output pixels do not overlap");
    let task_rows = row_tasks(output[0] * output[1], output[2] * output[3], spec.threads);
    Pad { spec: *spec, output, task_rows }
}

impl Pad {
    /// The input row (of all images) that an output row shows, if it shows one.
    fn source(&self, row: usize) -> Option<usize> {
        let at = [row / self.output[1], row % self.output[1]];
        let extent = [self.spec.input.batch, self.spec.input.height];
        let inside = |axis: usize| at[axis].checked_sub(self.spec.padding[axis][0]).filter(|&at| at < extent[axis]);
        Some(inside(0)? * extent[1] + inside(1)?)
    }

    /// Fills output pixels `first..end` of all images.
    ///
    /// # Safety
    /// They lie inside the view, and nobody else touches them.
    unsafe fn fill(&self, output: Output<'_>, first: usize, end: usize) {
        let (stride, channels) = (self.spec.pixel_stride, self.output[3]);
        if stride == channels {
            // SAFETY: the caller's promise.
            unsafe { output.run(first * stride, (end - first) * channels) }.fill(self.spec.fill);
        } else {
            for pixel in first..end {
                // SAFETY: the caller's promise.
                unsafe { output.run(pixel * stride, channels) }.fill(self.spec.fill);
            }
        }
    }

    /// Copies the input row `source` into the output pixels from `first` on.
    ///
    /// # Safety
    /// Both rows lie inside the views; nobody writes the input or touches the output.
    unsafe fn copy(&self, input: Input<'_>, output: Output<'_>, source: usize, first: usize) {
        let Image { width, channels, pixel_stride, .. } = self.spec.input;
        let before = self.spec.padding[3][0];
        if channels == self.output[3] && pixel_stride == channels && self.spec.pixel_stride == channels {
            // SAFETY: the caller's promise; all pixels of the row follow each other.
            let (from, to) = unsafe {
                (input.run(source * width * channels, width * channels), output.run(first * channels, width * channels))
            };
            to.copy_from_slice(from);
            return;
        }
        for pixel in 0..width {
            // SAFETY: the caller's promise.
            let (from, to) = unsafe {
                (
                    input.run((source * width + pixel) * pixel_stride, channels),
                    output.run((first + pixel) * self.spec.pixel_stride, self.output[3]),
                )
            };
            to[..before].fill(self.spec.fill);
            to[before..before + channels].copy_from_slice(from);
            to[before + channels..].fill(self.spec.fill);
        }
    }
}

impl Layer for Pad {
    fn kernel(&self) -> &str {
        PAD
    }

    fn tasks(&self) -> usize {
        (self.output[0] * self.output[1]).div_ceil(self.task_rows).max(1)
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let [batch, height, width, channels] = self.output;
        let padded = Image { batch, height, width, channels, pixel_stride: self.spec.pixel_stride };
        assert!(inputs[0].len() >= self.spec.input.span_bytes(), "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= padded.span_bytes(), "output view of {} bytes", outputs[0].len());
        let rows = batch * height;
        for row in task * self.task_rows..rows.min((task + 1) * self.task_rows) {
            let first = row * width;
            // SAFETY: rows lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output rows of this task.
            unsafe {
                match self.source(row) {
                    Some(source) => {
                        let start = first + self.spec.padding[2][0];
                        self.fill(outputs[0], first, start);
                        self.copy(inputs[0], outputs[0], source, start);
                        self.fill(outputs[0], start + self.spec.input.width, first + width);
                    }
                    None => self.fill(outputs[0], first, first + width),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
