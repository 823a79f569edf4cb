//! A prepared lookup.

use alloc::boxed::Box;

use super::look_up::{Elements, LookUpFn};
use super::spec::LutSpec;
use super::table::{FAMILY, KERNELS};
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::strided::Runs;

/// A table lookup, ready to run. Input 0 is looked up, output 0 the result.
pub struct Lut {
    bound: Bound<Entry<LookUpFn>>,
    table: Box<[u8; 256]>,
    runs: Runs<1>,
}

/// Prepares a table lookup for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or pixels overlap.
pub fn prepare(isa: Isa, spec: &LutSpec<'_>) -> Lut {
    let runs = Runs::new(spec.shape, 1, spec.threads);
    Lut { bound: Bound::new(KERNELS, isa), table: Box::new(*spec.table), runs }
}

impl Layer for Lut {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.table.len()
    }

    fn may_overwrite(&self, _input: usize) -> bool {
        self.runs.is_dense()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        self.runs.check(inputs, outputs, 0);
        for run in self.runs.of_task(task) {
            let elements = Elements {
                table: &self.table,
                input: inputs[0].as_ptr().wrapping_add(run.inputs[0]),
                output: outputs[0].as_ptr().wrapping_add(run.output),
                len: run.len,
            };
            // SAFETY: runs lie inside the asserted views; the caller vouches that nobody else writes the
            // input and that nobody else touches the output bytes of this task; the bound descriptor
            // proves the CPU feature.
            unsafe { (self.bound.descriptor().run)(&elements) }
        }
        Ok(())
    }
}
