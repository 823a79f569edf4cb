//! A prepared search.

use super::rows::{BLOCK, Rows, RowsFn};
use super::spec::ArgExtremeSpec;
use super::table::{FAMILY, KERNELS};
use crate::bound::{Bound, Entry};
use crate::isa::{Isa, Storage};
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// A search, ready to run. Input 0 holds the rows, output 0 an index for each.
pub struct ArgExtreme {
    bound: Bound<Entry<RowsFn>>,
    spec: ArgExtremeSpec,
    /// Brings stored bytes into the order in which the greatest is the one looked for.
    flip: u8,
    task_rows: usize,
    input_bytes: usize,
}

/// Prepares a search for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, rows are empty or overlap, or indices have neither 4 nor 8 bytes.
pub fn prepare(isa: Isa, spec: &ArgExtremeSpec) -> ArgExtreme {
    assert!(spec.depth > 0 && (spec.input_stride >= spec.depth || spec.rows <= 1), "rows are empty or overlap");
    assert!([4, 8].contains(&spec.index_bytes), "indices of {} bytes", spec.index_bytes);
    let order = if isa.storage() == Storage::S8 { 0x80 } else { 0 };
    ArgExtreme {
        bound: Bound::new(KERNELS, isa),
        spec: *spec,
        flip: order ^ if spec.smallest { 0xFF } else { 0 },
        task_rows: row_tasks(spec.rows, 16 + spec.depth, spec.threads),
        input_bytes: spec.rows.saturating_sub(1) * spec.input_stride + spec.depth.next_multiple_of(BLOCK),
    }
}

impl Layer for ArgExtreme {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.spec.rows.div_ceil(self.task_rows).max(1)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let ArgExtremeSpec { rows, depth, input_stride, index_bytes, .. } = self.spec;
        assert!(rows == 0 || inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= rows * index_bytes, "output view of {} bytes", outputs[0].len());
        let first = task * self.task_rows;
        let call = Rows {
            input: inputs[0].as_ptr().wrapping_add(first * input_stride),
            input_stride,
            rows: self.task_rows.min(rows.saturating_sub(first)),
            depth,
            flip: self.flip,
            output: outputs[0].as_ptr().wrapping_add(first * index_bytes),
            index_bytes,
        };
        // SAFETY: the bound descriptor proves the CPU feature; rows in whole blocks and their indices lie inside the
        // asserted views, and the caller vouches that nobody writes the former or touches the latter.
        unsafe { (self.bound.descriptor().run)(&call) }
        Ok(())
    }
}
