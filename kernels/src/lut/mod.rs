//! A table of 256 bytes applied to every element: any function of one 8-bit tensor.

use crate::layer::Layer;
use crate::memory::{Input, Output};
use crate::strided::{Runs, Strided};

/// Names of the family's kernels; portable code serves every instruction set.
pub static KERNELS: &[&str] = &[NAME];

const NAME: &str = "lut_8_portable";

/// What a table lookup is to do.
#[derive(Clone, Copy, Debug)]
pub struct LutSpec<'a> {
    /// Stored output byte for each stored input byte.
    pub table: &'a [u8; 256],
    /// Where the elements are.
    pub shape: Strided,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A table lookup, ready to run. Input 0 is looked up, output 0 the result.
pub struct Lut {
    table: Box<[u8; 256]>,
    runs: Runs<1>,
}

/// Prepares a table lookup.
///
/// # Panics
/// Pixels overlap.
pub fn prepare(spec: &LutSpec<'_>) -> Lut {
    Lut { table: Box::new(*spec.table), runs: Runs::new(spec.shape, 1, spec.threads) }
}

impl Layer for Lut {
    fn kernel(&self) -> &str {
        NAME
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.table.len()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        self.runs.check(inputs, outputs, 0);
        for run in self.runs.of_task(task) {
            // SAFETY: runs lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task.
            let (input, output) =
                unsafe { (inputs[0].run(run.inputs[0], run.len), outputs[0].run(run.output, run.len)) };
            for (out, &byte) in output.iter_mut().zip(input) {
                *out = self.table[usize::from(byte)];
            }
        }
    }
}

#[cfg(test)]
mod tests;
