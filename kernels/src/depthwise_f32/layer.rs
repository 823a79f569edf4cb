//! A prepared depthwise convolution of float32.

use alloc::vec;
use alloc::vec::Vec;

use super::spec::DepthwiseF32Spec;
use super::table::{FAMILY, KERNELS};
use super::tile::{Rows, RowsFn, Shape};
use crate::arch::LANES;
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::window::{Span, spans};

/// A depthwise convolution of float32, ready to run. Input 0 is the activations, output 0 the result, at any alignment that `f32`
/// has.
pub struct DepthwiseF32 {
    bound: Bound<Entry<RowsFn>>,
    shape: Shape,
    /// Of the outputs across.
    spans: Vec<Span>,
    /// For each tap the weights of all channels, up to whole vectors; behind them the biases.
    weights: Vec<f32>,
    range: [f32; 2],
    /// Output rows that one task computes.
    task_rows: usize,
}

/// Prepares a depthwise convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that are no multiple of the input's, strides that are shorter than pixels.
pub fn prepare(isa: Isa, spec: &DepthwiseF32Spec<'_>) -> DepthwiseF32 {
    DepthwiseF32::new(Bound::new(KERNELS, isa), spec)
}

impl DepthwiseF32 {
    fn new(bound: Bound<Entry<RowsFn>>, spec: &DepthwiseF32Spec<'_>) -> Self {
        let taps = spec.window.taps[0] * spec.window.taps[1];
        let input = spec.input;
        assert!(
            input.pixels() > 0 && input.channels > 0 && input.pixel_stride >= input.channels,
            "the input has pixels"
        );
        assert!(spec.channels > 0 && spec.channels.is_multiple_of(input.channels), "output channels are a multiple");
        assert!(spec.pixel_stride >= spec.channels, "output pixels lie apart");
        assert!(spec.output.iter().all(|&n| n > 0) && taps > 0, "there is something to compute");
        assert_eq!(spec.weights.len(), taps * spec.channels, "weights are [KH, KW, O]");
        assert!(spec.bias.is_empty() || spec.bias.len() == spec.channels, "one bias for each channel");
        let tap_stride = spec.channels.next_multiple_of(LANES);
        let mut weights = vec![0.0; (taps + 1) * tap_stride];
        let rows = spec.weights.chunks_exact(spec.channels).chain([spec.bias]);
        for (packed, values) in weights.chunks_exact_mut(tap_stride).zip(rows) {
            packed[..values.len()].copy_from_slice(values);
        }
        let work = taps.saturating_mul(spec.output[1]).saturating_mul(spec.channels.div_ceil(LANES));
        Self {
            bound,
            shape: Shape {
                input,
                window: spec.window,
                output: spec.output,
                channels: spec.channels,
                pixel_stride: spec.pixel_stride,
                tap_stride,
                multiplier: spec.channels / input.channels,
            },
            spans: spans(&spec.window, 1, input.width, spec.output[1]),
            weights,
            range: spec.range,
            task_rows: row_tasks(input.batch * spec.output[0], work, spec.threads),
        }
    }

    fn rows(&self) -> usize {
        self.shape.input.batch * self.shape.output[0]
    }
}

impl Layer for DepthwiseF32 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.rows().div_ceil(self.task_rows)
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&self.weights[..])
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let (input, output) = (inputs[0], outputs[0]);
        let written = (self.rows() * self.shape.output[1] - 1) * self.shape.pixel_stride + self.shape.channels;
        let read = self.shape.input.span_bytes() + LANES - 1;
        assert!(input.len() >= 4 * read, "input view of {} bytes", input.len());
        assert!(output.len() >= 4 * written, "output view of {} bytes", output.len());
        assert!(input.as_ptr().addr().is_multiple_of(4) && output.as_ptr().addr().is_multiple_of(4), "alignment");
        let rows = Rows {
            shape: &self.shape,
            spans: &self.spans,
            weights: &self.weights,
            range: self.range,
            rows: task * self.task_rows..self.rows().min((task + 1) * self.task_rows),
            source: input.as_ptr().cast(),
            target: output.as_ptr().cast(),
        };
        // SAFETY: the bound descriptor proves the CPU feature; the views were asserted to hold the tensors and what is
        // read beyond them, and the caller vouches that nobody writes the input or touches the task's outputs.
        unsafe { (self.bound.descriptor().run)(&rows) }
        Ok(())
    }
}
