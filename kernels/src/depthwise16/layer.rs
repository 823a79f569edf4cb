//! A prepared 16-bit depthwise convolution.

use alloc::vec;
use alloc::vec::Vec;

use super::spec::Depthwise16Spec;
use super::table::{Descriptor, FAMILY, KERNELS};
use super::tile::{Block, Panel};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::requantize16::Requantizer16;
use crate::window::{Image, Window};

/// A depthwise convolution of 16-bit activations, ready to run. Input 0 is the activations, output 0 the result, both
/// little-endian and at any alignment that `i16` has.
pub struct Depthwise16 {
    bound: Bound<Descriptor>,
    input: Image,
    window: Window,
    output: [usize; 2],
    channels: usize,
    panels: Vec<Panel>,
    /// Output pixels that one task computes.
    task_pixels: usize,
}

/// Prepares a depthwise convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that are no multiple of the input's, pixels with gaps.
pub fn prepare(isa: Isa, spec: &Depthwise16Spec<'_>) -> Depthwise16 {
    Depthwise16::new(Bound::new(KERNELS, isa), spec)
}

impl Depthwise16 {
    fn new(bound: Bound<Descriptor>, spec: &Depthwise16Spec<'_>) -> Self {
        let step = bound.descriptor().tap_step;
        let taps = spec.window.taps[0] * spec.window.taps[1];
        let inputs = spec.input.channels;
        assert!(spec.input.pixel_stride == inputs && spec.input.pixels() > 0 && inputs > 0, "the input has pixels");
        assert!(spec.channels > 0 && spec.channels.is_multiple_of(inputs), "output channels are a multiple");
        assert!(spec.output.iter().all(|&n| n > 0) && taps > 0, "there is something to compute");
        assert_eq!(spec.weights.len(), taps * spec.channels, "weights are [KH, KW, O]");
        assert!(spec.bias.is_empty() || spec.bias.len() == spec.channels, "one bias for each channel");
        let pixels = spec.input.batch * spec.output[0] * spec.output[1];
        Self {
            bound,
            input: spec.input,
            window: spec.window,
            output: spec.output,
            channels: spec.channels,
            panels: (0..spec.channels).step_by(LANES).map(|first| panel(spec, first, step)).collect(),
            task_pixels: row_tasks(pixels, (taps * spec.channels).div_ceil(LANES), spec.threads),
        }
    }

    fn pixels(&self) -> usize {
        self.input.batch * self.output[0] * self.output[1]
    }
}

/// The sixteen channels from `first` on, of weights with `step` values for a tap.
fn panel(spec: &Depthwise16Spec<'_>, first: usize, step: usize) -> Panel {
    let channels = LANES.min(spec.channels - first);
    let multiplier = spec.channels / spec.input.channels;
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let mut weights = vec![0; taps * step];
    for (lanes, tap) in weights.chunks_exact_mut(step).zip(spec.weights.chunks_exact(spec.channels)) {
        // A 0 after each where there are two values for a lane.
        for (lane, &weight) in lanes.chunks_exact_mut(step / LANES).zip(&tap[first..first + channels]) {
            lane[0] = i16::from(weight);
        }
    }
    Panel {
        weights,
        epilogue: Requantizer16::new(spec.requantize, spec.bias, spec.range, first, spec.channels),
        first,
        channels,
        sources: core::array::from_fn(|lane| (first + lane.min(channels - 1)) / multiplier),
        neighbours: multiplier == 1,
    }
}

impl Layer for Depthwise16 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.pixels().div_ceil(self.task_pixels)
    }

    fn packed_bytes(&self) -> usize {
        self.panels.iter().map(|panel| size_of_val(panel) + size_of_val(&panel.weights[..])).sum()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let (input, output) = (inputs[0], outputs[0]);
        let elements = self.input.pixels() * self.input.channels + LANES - 1;
        assert!(input.len() >= 2 * elements, "input view of {} bytes", input.len());
        assert!(output.len() >= 2 * self.pixels() * self.channels, "output view of {} bytes", output.len());
        assert!(input.as_ptr().addr().is_multiple_of(2) && output.as_ptr().addr().is_multiple_of(2), "alignment");
        let block = Block {
            panels: &self.panels,
            input: &self.input,
            window: &self.window,
            output: self.output,
            channels: self.channels,
            pixels: task * self.task_pixels..self.pixels().min((task + 1) * self.task_pixels),
            source: input.as_ptr().cast(),
            target: output.as_ptr().cast(),
        };
        // SAFETY: the bound descriptor proves the CPU feature; the views were asserted to hold the tensors and what is
        // read beyond them, and the caller vouches that nobody writes the input or touches the task's outputs.
        unsafe { (self.bound.descriptor().block)(&block) }
        Ok(())
    }
}
