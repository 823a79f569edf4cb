//! A table of 65536 bytes applied to every pair of elements: any function of two 8-bit tensors.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::{PairRun, PairRuns, Pairs};

/// The family, as the registry lists it.
const FAMILY: &str = "table of pairs";

/// Names of the family's kernels; portable code serves every instruction set.
static KERNELS: &[&str] = &[NAME];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    KERNELS.iter().map(|&name| KernelId::portable(FAMILY, name)).collect()
}

const NAME: &str = "pair_lut_8_portable";

/// Entries of a table.
pub const ENTRIES: usize = 1 << 16;

/// What a lookup of pairs is to do.
#[derive(Clone, Debug)]
pub struct PairTableSpec {
    /// Stored output byte for the stored bytes `a` and `b`, at `256·a + b`.
    pub table: Box<[u8; ENTRIES]>,
    /// A stored byte of the second operand for which there is no result, and what a run that meets it says.
    pub undefined: Option<(u8, &'static str)>,
    /// Where the elements are.
    pub pairs: Pairs,
}

/// A lookup of pairs, ready to run. The operands that are no constants are its inputs, in order.
pub struct PairTable {
    table: Box<[u8; ENTRIES]>,
    undefined: Option<(u8, &'static str)>,
    runs: PairRuns,
}

/// Prepares a lookup of pairs.
///
/// # Panics
/// Elements have more than one byte, or their runs are not possible.
pub fn prepare(spec: PairTableSpec) -> PairTable {
    assert!(spec.pairs.bytes == 1, "elements of {} bytes", spec.pairs.bytes);
    PairTable { table: spec.table, undefined: spec.undefined, runs: PairRuns::new(&spec.pairs, 1, 0) }
}

impl PairTable {
    /// Looks up a run; whether all of it is defined.
    ///
    /// # Safety
    /// The inputs are readable for the elements, or one where the step is 0; the output is writable for the
    /// elements, which nobody else touches.
    unsafe fn look_up(&self, run: &PairRun) -> bool {
        // SAFETY: the caller's promise.
        let [first, second] = [0, 1].map(|i| unsafe {
            core::slice::from_raw_parts(run.inputs[i], if run.steps[i] == 0 { 1 } else { run.len })
        });
        // SAFETY: as above; the bytes are initialized, as all of a tensor's are.
        let output = unsafe { core::slice::from_raw_parts_mut(run.output, run.len) };
        let at = |a: u8, b: u8| self.table[usize::from(u16::from_be_bytes([a, b]))];
        match run.steps {
            [0, _] => output.iter_mut().zip(second).for_each(|(out, &b)| *out = at(first[0], b)),
            [_, 0] => output.iter_mut().zip(first).for_each(|(out, &a)| *out = at(a, second[0])),
            _ => output.iter_mut().zip(first).zip(second).for_each(|((out, &a), &b)| *out = at(a, b)),
        }
        self.undefined.is_none_or(|(byte, _)| !second.contains(&byte))
    }
}

impl Layer for PairTable {
    fn kernel(&self) -> KernelId {
        KernelId::portable(FAMILY, NAME)
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.table.len() + self.runs.constant_bytes()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        let mut defined = true;
        // SAFETY: the caller's promise, which is passed on for each run.
        unsafe { self.runs.run(task, (inputs, outputs), |run| defined &= self.look_up(run)) }
        match self.undefined {
            Some((_, reason)) if !defined => Err(reason.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
