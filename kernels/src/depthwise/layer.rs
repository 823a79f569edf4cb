//! A prepared depthwise convolution and its tasks.

use super::geometry::{Geometry, Rows};
use super::spec::DepthwiseSpec;
use super::strategy::Strategy;
use super::table::{Descriptor, KERNELS};
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// A depthwise convolution with packed weights, ready to run.
///
/// Input 0 is the activations, output 0 the result.
pub struct Depthwise {
    bound: Bound<Descriptor>,
    geometry: Geometry,
    strategy: Strategy,
    /// Output rows of all images that one task computes.
    task_rows: usize,
    input_bytes: usize,
    output_bytes: usize,
}

/// Prepares a depthwise convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does
/// not match, output channels that are no multiple of the input's, a zero point out of range.
pub fn prepare(isa: Isa, spec: &DepthwiseSpec<'_>) -> Depthwise {
    let bound = Bound::new(KERNELS, isa);
    spec.check();
    let geometry = Geometry::new(spec);
    let strategy = Strategy::new(bound.descriptor(), spec);
    let row_work = (spec.output[1] * spec.channels).saturating_mul(spec.taps());
    let rows = row_tasks(geometry.rows(), row_work, spec.threads);
    let pixels = geometry.rows() * spec.output[1];
    Depthwise {
        bound,
        geometry,
        task_rows: rows.next_multiple_of(strategy.together()),
        input_bytes: (spec.input.pixels() - 1) * spec.input.pixel_stride + strategy.reach(),
        output_bytes: (pixels - 1) * spec.pixel_stride + spec.channels,
        strategy,
    }
}

impl Layer for Depthwise {
    fn kernel(&self) -> KernelId {
        self.strategy.kernel(self.bound.descriptor())
    }

    fn tasks(&self) -> usize {
        self.geometry.rows().div_ceil(self.task_rows)
    }

    fn packed_bytes(&self) -> usize {
        self.strategy.packed_bytes()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.output_bytes, "output view of {} bytes", outputs[0].len());
        let [height, _] = self.geometry.output;
        let end = self.geometry.rows().min((task + 1) * self.task_rows);
        let mut next = task * self.task_rows;
        while next < end {
            let (image, first) = (next / height, next % height);
            let count = self.strategy.together().min(end - next).min(height - first);
            let rows = Rows { image, first, count, input: inputs[0].as_ptr(), output: outputs[0].as_ptr() };
            // SAFETY: the bound descriptor proves the CPU feature. The views have been asserted to hold the strategy's
            // reach at the last pixel, and all outputs. The caller vouches that nobody else touches those of this task.
            unsafe { self.strategy.run(&self.geometry, &rows) }
            next += count;
        }
        Ok(())
    }
}
