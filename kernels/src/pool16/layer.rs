//! Prepared windows over 16-bit activations.

use alloc::vec::Vec;

use super::spec::{Pool16Kind, Pool16Spec};
use super::table::{FAMILY, KERNELS};
use super::tile::{Block, BlockFn, Taps};
use crate::arch::LANES;
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::quantization::Multiplier;
use crate::requantize16::{Requantize16, Requantizer16};
use crate::window;

/// Windows over 16-bit activations, ready to run. Input 0 is the activations, output 0 the result, both little-endian
/// and at any alignment that `i16` has.
pub struct Pool16 {
    bound: Bound<Entry<BlockFn>>,
    spec: Pool16Spec,
    taps: [Vec<Taps>; 2],
    epilogue: Requantizer16,
    /// Output pixels that one task computes.
    task_pixels: usize,
}

/// Prepares windows for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: pixels with gaps or none, or a window
/// of an average that lies in the padding.
pub fn prepare(isa: Isa, spec: &Pool16Spec) -> Pool16 {
    Pool16::new(Bound::new(KERNELS, isa), spec)
}

impl Pool16 {
    fn new(bound: Bound<Entry<BlockFn>>, spec: &Pool16Spec) -> Self {
        let input = spec.input;
        assert!(input.pixel_stride == input.channels && input.pixels() > 0 && input.channels > 0, "pixels");
        assert!(spec.output.iter().all(|&n| n > 0), "there is something to compute");
        let taps = [taps(spec, 0), taps(spec, 1)];
        let inside = taps.iter().flatten().all(|taps| taps.count > 0);
        assert!(inside || spec.kind != Pool16Kind::Average, "a window lies in the padding");
        let multiplier = match spec.kind {
            Pool16Kind::Scaled { multiplier } => multiplier,
            Pool16Kind::Maximum | Pool16Kind::Average => Multiplier::ZERO,
        };
        let window = spec.window.taps[0].saturating_mul(spec.window.taps[1]);
        Self {
            bound,
            spec: *spec,
            taps,
            epilogue: Requantizer16::new(Requantize16::Narrow(&[multiplier]), &[], spec.range, 0, LANES),
            task_pixels: row_tasks(
                input.batch * spec.output[0] * spec.output[1],
                window.saturating_mul(input.channels.div_ceil(LANES)),
                spec.threads,
            ),
        }
    }

    fn pixels(&self) -> usize {
        self.spec.input.batch * self.spec.output[0] * self.spec.output[1]
    }
}

/// The taps inside of each output position of one axis.
fn taps(spec: &Pool16Spec, axis: usize) -> Vec<Taps> {
    let extent = if axis == 0 { spec.input.height } else { spec.input.width };
    let (stride, dilation) = (spec.window.stride[axis], spec.window.dilation[axis]);
    let mut all = Vec::with_capacity(spec.output[axis]);
    for span in window::spans(&spec.window, axis, extent, spec.output[axis]) {
        for output in span.outputs {
            let at = output * stride + span.taps.start * dilation;
            all.push(Taps { count: span.taps.len(), first: at.saturating_sub(spec.window.pad_before[axis]) });
        }
    }
    all
}

impl Layer for Pool16 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.pixels().div_ceil(self.task_pixels)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let (input, output) = (inputs[0], outputs[0]);
        let channels = self.spec.input.channels;
        let elements = self.spec.input.pixels() * channels + LANES - 1;
        assert!(input.len() >= 2 * elements, "input view of {} bytes", input.len());
        assert!(output.len() >= 2 * self.pixels() * channels, "output view of {} bytes", output.len());
        assert!(input.as_ptr().addr().is_multiple_of(2) && output.as_ptr().addr().is_multiple_of(2), "alignment");
        let block = Block {
            spec: &self.spec,
            taps: &self.taps,
            epilogue: &self.epilogue,
            pixels: task * self.task_pixels..self.pixels().min((task + 1) * self.task_pixels),
            source: input.as_ptr().cast(),
            target: output.as_ptr().cast(),
        };
        // SAFETY: the bound descriptor proves the CPU feature; the views were asserted to hold the tensors and what is
        // read beyond them, and the caller vouches that nobody writes the input or touches the task's outputs.
        unsafe { (self.bound.descriptor().run)(&block) }
        Ok(())
    }
}
