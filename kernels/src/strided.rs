//! Elements of tensors whose pixels lie apart: what elementwise layers walk over.

use core::ops::Range;

use crate::layer::row_tasks;
use crate::memory::{Input, Output};

/// Pixels of some channels in `INPUTS` tensors and in one output, all of one byte an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strided<const INPUTS: usize = 1> {
    /// Pixels of each tensor.
    pub pixels: usize,
    /// Channels of each pixel.
    pub channels: usize,
    /// Bytes from one input pixel to the next; at least the channels, or 0 where every output pixel
    /// meets the same input pixel.
    pub input_strides: [usize; INPUTS],
    /// Bytes from one output pixel to the next; at least the channels.
    pub output_stride: usize,
}

impl Strided {
    /// Elements without gaps on either side.
    pub fn dense(elements: usize) -> Self {
        Self { pixels: 1, channels: elements, input_strides: [elements], output_stride: elements }
    }
}

/// Runs of contiguous elements: dense tensors are one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs<const INPUTS: usize> {
    shape: Strided<INPUTS>,
    /// Elements, or pixels where there are gaps, that one task takes.
    share: usize,
}

/// Where one run lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run<const INPUTS: usize> {
    /// Bytes from the start of each input.
    pub(crate) inputs: [usize; INPUTS],
    /// Bytes from the start of the output.
    pub(crate) output: usize,
    /// Elements.
    pub(crate) len: usize,
}

/// Bytes of a tensor, from its first value to just past its last.
fn span(pixels: usize, stride: usize, channels: usize) -> usize {
    if pixels == 0 { 0 } else { (pixels - 1) * stride + channels }
}

impl<const INPUTS: usize> Runs<INPUTS> {
    /// Runs of `shape` whose elements cost `work` elementary steps each, for `threads` threads.
    ///
    /// # Panics
    /// Pixels overlap.
    pub(crate) fn new(shape: Strided<INPUTS>, work: usize, threads: usize) -> Self {
        let apart = |stride: usize| stride >= shape.channels || shape.pixels <= 1;
        assert!(shape.input_strides.iter().all(|&stride| stride == 0 || apart(stride)), "input pixels do not overlap");
        assert!(apart(shape.output_stride), "output pixels do not overlap");
        let dense = shape.pixels == 1
            || shape.output_stride == shape.channels && shape.input_strides == [shape.channels; INPUTS];
        let shape = if dense {
            let elements = shape.pixels * shape.channels;
            Strided { pixels: 1, channels: elements, input_strides: [elements; INPUTS], output_stride: elements }
        } else {
            shape
        };
        let share = match dense {
            true => row_tasks(shape.channels, work, threads).next_multiple_of(64),
            false => row_tasks(shape.pixels, work.saturating_mul(shape.channels), threads),
        };
        Self { shape, share }
    }

    /// Whether there are no gaps, so that all is one run.
    pub(crate) fn is_dense(&self) -> bool {
        self.shape.pixels == 1
    }

    /// Tasks that the runs are cut into, at least 1.
    pub(crate) fn tasks(&self) -> usize {
        let units = if self.is_dense() { self.shape.channels } else { self.shape.pixels };
        units.div_ceil(self.share).max(1)
    }

    /// Asserts that views hold their tensors, and `extra` bytes more of the inputs.
    ///
    /// # Panics
    /// They do not.
    pub(crate) fn check(&self, inputs: &[Input<'_>], outputs: &[Output<'_>], extra: usize) {
        let Strided { pixels, channels, input_strides, output_stride } = self.shape;
        assert!(pixels * channels == 0 || inputs.len() >= INPUTS && !outputs.is_empty(), "a view is missing");
        for (view, stride) in inputs.iter().zip(input_strides) {
            let needed = span(pixels, stride, channels) + if pixels * channels > 0 { extra } else { 0 };
            assert!(view.len() >= needed, "input view of {} bytes", view.len());
        }
        for view in outputs.iter().take(1) {
            assert!(view.len() >= span(pixels, output_stride, channels), "output view of {} bytes", view.len());
        }
    }

    /// The runs of a task.
    ///
    /// # Panics
    /// There is no such task.
    pub(crate) fn of_task(self, task: usize) -> impl Iterator<Item = Run<INPUTS>> {
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let Strided { pixels, channels, input_strides, output_stride } = self.shape;
        let share = task * self.share..(task + 1) * self.share;
        let (pixels, elements): (Range<usize>, Range<usize>) = match pixels {
            1 => (0..1, share.start..share.end.min(channels)),
            _ => (share.start..share.end.min(pixels), 0..channels),
        };
        pixels.map(move |pixel| Run {
            inputs: input_strides.map(|stride| pixel * stride + elements.start),
            output: pixel * output_stride + elements.start,
            len: elements.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_cover_every_element_once() {
        for (pixels, channels, gap) in [(1, 0, 0), (0, 5, 1), (1, 100_000, 0), (7, 3, 0), (999, 70, 0), (999, 70, 3)] {
            for threads in [1, 2, 5] {
                let (input, output) = (channels + gap, channels + 2 * gap);
                let shape = Strided { pixels, channels, input_strides: [input], output_stride: output };
                let runs = Runs::new(shape, 1, threads);
                let mut covered = 0;
                for task in 0..runs.tasks() {
                    for run in runs.of_task(task) {
                        let (pixel, channel) = (covered / channels.max(1), covered % channels.max(1));
                        let expected =
                            Run { inputs: [pixel * input + channel], output: pixel * output + channel, len: run.len };
                        assert_eq!(run, expected, "{shape:?}");
                        assert!(run.len > 0 || channels == 0);
                        covered += run.len;
                    }
                }
                assert_eq!(covered, pixels * channels, "{shape:?} {threads} threads");
            }
        }
    }
}
