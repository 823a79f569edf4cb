//! Any function of one dense float32 tensor, by elements or by rows, that the caller brings: portable code, cut into tasks.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// The family, as the registry lists it.
const FAMILY: &str = "function of float32";

const NAME: &str = "map_f32_portable";

/// The kernels, as the registry lists them; portable code serves every instruction set.
pub(crate) fn kernels() -> Vec<KernelId> {
    [KernelId::portable(FAMILY, NAME)].to_vec()
}

/// From the elements of some rows to as many results. It must allocate nothing and not panic.
pub type MapF32Function = Box<dyn Fn(&[f32], &mut [f32]) + Send + Sync>;

/// What a function of one float32 tensor is to do.
pub struct MapF32Spec {
    /// The function of any number of rows, each by itself.
    pub function: MapF32Function,
    /// Elements of a row.
    pub row: usize,
    /// Rows, dense on both sides.
    pub rows: usize,
    /// Elementary steps of an element.
    pub work: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A function of one float32 tensor, ready to run. Input 0 is the operand, output 0 the result, at any alignment that `f32` has.
pub struct MapF32 {
    function: MapF32Function,
    row: usize,
    rows: usize,
    /// Rows of a task.
    share: usize,
}

/// Prepares a function of one float32 tensor.
pub fn prepare(spec: MapF32Spec) -> MapF32 {
    let MapF32Spec { function, row, rows, work, threads } = spec;
    MapF32 { function, row, rows, share: row_tasks(rows, row.saturating_mul(work), threads) }
}

impl Layer for MapF32 {
    fn kernel(&self) -> KernelId {
        KernelId::portable(FAMILY, NAME)
    }

    fn tasks(&self) -> usize {
        self.rows.div_ceil(self.share).max(1)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let bytes = size_of::<f32>() * self.row;
        assert!(inputs[0].len() >= bytes * self.rows, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= bytes * self.rows, "output view of {} bytes", outputs[0].len());
        let first = task * self.share;
        let len = self.share.min(self.rows - first);
        // SAFETY: the ranges lie inside the asserted views; the caller vouches that nobody writes the
        // input and that nobody else touches the output bytes of this task.
        let (input, output) =
            unsafe { (inputs[0].run(bytes * first, bytes * len), outputs[0].run(bytes * first, bytes * len)) };
        (self.function)(bytemuck::cast_slice(input), bytemuck::cast_slice_mut(output));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
