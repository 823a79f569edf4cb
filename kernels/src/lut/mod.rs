//! A table of 256 bytes applied to every element: any function of one 8-bit tensor.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "aarch64")]
mod neon;

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::strided::{Runs, Strided};

/// Table and elements; as many of the input as of the output.
type LookUp = unsafe fn(&[u8; 256], &[u8], &mut [u8]);

/// The family, as the registry lists it.
const FAMILY: &str = "table";

/// Lookups for one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    look_up: LookUp,
}

/// Lookups of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &amx::LOOK_UP,
    #[cfg(target_arch = "x86_64")]
    &avx512vnni::LOOK_UP,
    #[cfg(target_arch = "x86_64")]
    &avx2::LOOK_UP,
    #[cfg(target_arch = "aarch64")]
    &neon::LOOK_UP,
    &Descriptor { isa: Isa::Scalar, name: "lut_8_scalar", look_up: one_by_one },
];

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

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
    bound: Bound<Descriptor>,
    table: Box<[u8; 256]>,
    runs: Runs<1>,
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

/// Prepares a table lookup for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or pixels overlap.
pub fn prepare(isa: Isa, spec: &LutSpec<'_>) -> Lut {
    let runs = Runs::new(spec.shape, 1, spec.threads);
    Lut { bound: Bound::new(KERNELS, isa), table: Box::new(*spec.table), runs }
}

/// Portable code, and what vectors leave over.
#[inline(always)]
fn one_by_one(table: &[u8; 256], input: &[u8], output: &mut [u8]) {
    for (out, &byte) in output.iter_mut().zip(input) {
        *out = table[usize::from(byte)];
    }
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

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        self.runs.check(inputs, outputs, 0);
        for run in self.runs.of_task(task) {
            // SAFETY: runs lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task; the bound descriptor
            // proves the CPU feature.
            unsafe {
                let (input, output) = (inputs[0].run(run.inputs[0], run.len), outputs[0].run(run.output, run.len));
                (self.bound.descriptor().look_up)(&self.table, input, output);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
