//! Copies of channel ranges, which strides alone could not plan away.

use alloc::vec::Vec;

use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::strided::{Runs, Strided};

/// The family, as the registry lists it.
const FAMILY: &str = "copy";

/// Names of the family's kernels; portable code serves every instruction set.
static KERNELS: &[&str] = &[COPY];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    KERNELS.iter().map(|&name| KernelId::portable(FAMILY, name)).collect()
}

const COPY: &str = "copy_8_portable";

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
    fn kernel(&self) -> KernelId {
        KernelId::portable(FAMILY, COPY)
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        self.runs.check(inputs, outputs, 0);
        for run in self.runs.of_task(task) {
            // SAFETY: runs lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task.
            let (input, output) =
                unsafe { (inputs[0].run(run.inputs[0], run.len), outputs[0].run(run.output, run.len)) };
            output.copy_from_slice(input);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
