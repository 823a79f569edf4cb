//! A prepared pool of float32.

use super::spec::{PoolF32Kind, PoolF32Spec};
use super::table::{Descriptor, FAMILY, KERNELS};
use super::tile::Work;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::window_rows::{RowsSpec, WindowRows};

/// A pool of float32, ready to run. Input 0 is the activations, output 0 the result, at any alignment that `f32` has.
pub struct PoolF32 {
    bound: Bound<Descriptor>,
    rows: WindowRows,
    kind: PoolF32Kind,
    range: [f32; 2],
}

/// Prepares a pool for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: nothing to compute, strides that are shorter than
/// pixels, an average over a window that lies in the padding.
pub fn prepare(isa: Isa, spec: &PoolF32Spec) -> PoolF32 {
    let rows = WindowRows::new(RowsSpec {
        input: spec.input,
        window: spec.window,
        output: spec.output,
        channels: spec.input.channels,
        pixel_stride: spec.pixel_stride,
        threads: spec.threads,
    });
    assert!(spec.kind != PoolF32Kind::Average || rows.all_inside(), "a window lies in the padding");
    PoolF32 { bound: Bound::new(KERNELS, isa), rows, kind: spec.kind, range: spec.range }
}

impl Layer for PoolF32 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().names[self.kind as usize])
    }

    fn tasks(&self) -> usize {
        self.rows.tasks()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index, inputs, outputs, .. } = task;
        let task = self.rows.task(index, inputs[0], outputs[0]);
        let run = self.bound.descriptor().run[self.kind as usize];
        // SAFETY: the bound descriptor proves the CPU feature; the rows are the task's, and the caller vouches that nobody writes the
        // input or touches the task's outputs.
        unsafe { run(&Work { rows: &self.rows, task, range: self.range }) }
        Ok(())
    }
}
