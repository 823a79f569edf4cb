//! Changes of signedness: file bytes to stored ones and back.

use super::family::CONVERSION;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::strided::{Runs, Strided};

/// The kernel's name; portable code serves every instruction set.
pub(super) const XOR: &str = "xor_8_portable";

/// What a change of signedness is to do: file bytes to stored ones or back.
#[derive(Clone, Copy, Debug)]
pub struct XorSpec {
    /// Where the elements are.
    pub shape: Strided,
    /// Bits to flip: [`crate::Storage::xor_mask`].
    pub mask: u8,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A change of signedness, ready to run. Input 0 goes to output 0.
pub struct Xor {
    mask: u8,
    runs: Runs<1>,
}

/// Prepares a change of signedness.
///
/// # Panics
/// Pixels overlap.
pub fn prepare_xor(spec: &XorSpec) -> Xor {
    Xor { mask: spec.mask, runs: Runs::new(spec.shape, 1, spec.threads) }
}

impl Layer for Xor {
    fn kernel(&self) -> KernelId {
        KernelId::portable(CONVERSION, XOR)
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
            for (out, &byte) in output.iter_mut().zip(input) {
                *out = byte ^ self.mask;
            }
        }
        Ok(())
    }
}
