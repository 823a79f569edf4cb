//! A table of 65536 entries applied to every element: any function of one 16-bit tensor.
//!
//! Both tensors are dense and need no alignment.

use alloc::vec::Vec;

use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// The family, as the registry lists it.
const FAMILY: &str = "table of 16 bits";

/// Names of the family's kernels; portable code serves every instruction set.
static KERNELS: &[&str] = &[NAME];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    KERNELS.iter().map(|&name| KernelId::portable(FAMILY, name)).collect()
}

const NAME: &str = "lut_16_portable";

/// Entries of a table.
pub const ENTRIES: usize = 1 << 16;

/// Bytes of an input element.
const INPUT_BYTES: usize = 2;

/// What a table lookup is to do.
#[derive(Clone, Debug)]
pub struct Lut16Spec {
    /// Stored output element for each input element, taken as a little-endian unsigned number.
    pub table: Vec<u8>,
    /// Elements, dense on both sides.
    pub elements: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A table lookup, ready to run. Input 0 is looked up, output 0 the result.
pub struct Lut16 {
    table: Vec<u8>,
    elements: usize,
    share: usize,
}

/// Prepares a table lookup.
///
/// # Panics
/// The table's entries are not of 1, 2 or 4 bytes.
pub fn prepare(spec: Lut16Spec) -> Lut16 {
    let Lut16Spec { table, elements, threads } = spec;
    assert!([1, 2, 4].iter().any(|width| table.len() == width * ENTRIES), "a table of {} bytes", table.len());
    Lut16 { table, elements, share: row_tasks(elements, 1, threads) }
}

impl Lut16 {
    /// Bytes of an output element.
    fn width(&self) -> usize {
        self.table.len() / ENTRIES
    }
}

/// Looks up elements of `W` bytes.
fn look_up<const W: usize>(table: &[u8], input: &[u8], output: &mut [u8]) {
    let (entries, _) = table.as_chunks::<W>();
    let Ok(entries) = <&[[u8; W]; ENTRIES]>::try_from(entries) else { return };
    for (out, &element) in output.as_chunks_mut::<W>().0.iter_mut().zip(input.as_chunks::<INPUT_BYTES>().0) {
        *out = entries[usize::from(u16::from_le_bytes(element))];
    }
}

impl Layer for Lut16 {
    fn kernel(&self) -> KernelId {
        KernelId::portable(FAMILY, NAME)
    }

    fn tasks(&self) -> usize {
        self.elements.div_ceil(self.share).max(1)
    }

    fn packed_bytes(&self) -> usize {
        self.table.len()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let width = self.width();
        assert!(inputs[0].len() >= INPUT_BYTES * self.elements, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= width * self.elements, "output view of {} bytes", outputs[0].len());
        let first = task * self.share;
        let len = self.share.min(self.elements - first);
        // SAFETY: the ranges lie inside the asserted views; the caller vouches that nobody writes the
        // input and that nobody else touches the output bytes of this task.
        let (input, output) = unsafe {
            (inputs[0].run(INPUT_BYTES * first, INPUT_BYTES * len), outputs[0].run(width * first, width * len))
        };
        match width {
            1 => look_up::<1>(&self.table, input, output),
            2 => look_up::<2>(&self.table, input, output),
            _ => look_up::<4>(&self.table, input, output),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
