//! What a planned operator is to whoever runs it: a number of independent tasks.

use crate::isa::Isa;
use crate::memory::{Input, Output};

/// An operator with shapes, weights and kernel settled, ready to run any number of times.
///
/// The work is cut into [`Layer::tasks`] tasks which may run in any order, on any threads, each
/// exactly once per run; results do not depend on who runs them.
pub trait Layer: Send + Sync {
    /// Name of the kernel, as listed by `ottava kernels`.
    fn kernel(&self) -> &str;

    /// The instruction set that the kernel is written for, which its name has as one of its words; `None` where every
    /// CPU runs the same code.
    fn isa(&self) -> Option<Isa> {
        self.kernel().split('_').find_map(|word| word.parse().ok())
    }

    /// Number of tasks, at least 1.
    fn tasks(&self) -> usize;

    /// Bytes of packed weights and tables that the layer holds.
    fn packed_bytes(&self) -> usize {
        0
    }

    /// Runs one task.
    ///
    /// # Panics
    /// `task` is not below [`Layer::tasks`], or a view is missing or shorter than the shapes need.
    ///
    /// # Safety
    /// For the time of the call nobody writes the input tensors' bytes, and nobody else reads or
    /// writes the output bytes of this task: no other call runs the same task on the same outputs.
    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]);

    /// [`Layer::run`] for layers that can meet values which they are not defined for, such as an index out of range.
    /// The output bytes of a task that fails hold anything.
    ///
    /// # Errors
    /// The operator is not defined for the values of this run.
    ///
    /// # Panics
    /// As [`Layer::run`].
    ///
    /// # Safety
    /// As [`Layer::run`].
    unsafe fn try_run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) -> Result<(), Failure> {
        // SAFETY: the caller's promise is the same.
        unsafe { self.run(task, inputs, outputs) };
        Ok(())
    }
}

/// Why a layer could not compute with the values that it met.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs all tasks of a layer in order on the caller's thread.
///
/// # Panics
/// As [`Layer::run`].
pub fn run_all(layer: &dyn Layer, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) {
    let inputs: Vec<Input<'_>> = inputs.iter().map(|&bytes| bytes.into()).collect();
    let outputs: Vec<Output<'_>> = outputs.iter_mut().map(|bytes| Output::from(&mut **bytes)).collect();
    for task in 0..layer.tasks() {
        // SAFETY: the borrows make inputs immutable and outputs exclusive for the whole call, and
        // tasks run one after the other.
        unsafe { layer.run(task, &inputs, &outputs) }
    }
}

/// Work of a task below which handing it out costs more than it brings.
const LEAST_WORK: usize = 1 << 14;
/// Tasks for each thread, so that the last ones end close together.
const TASKS_PER_THREAD: usize = 4;

/// Rows of a task, where a layer has `rows` rows of `row_work` elementary steps each.
pub(crate) fn row_tasks(rows: usize, row_work: usize, threads: usize) -> usize {
    if threads <= 1 {
        return rows.max(1);
    }
    let even = rows.div_ceil(threads * TASKS_PER_THREAD);
    even.max(LEAST_WORK / row_work.max(1)).clamp(1, rows.max(1))
}
