//! QUANTIZE from 32-bit floats.

use super::family;
use super::floats::{Floats, FloatsFn, Quantization};
use super::table::KERNELS;
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// What QUANTIZE from 32-bit floats is to do.
#[derive(Clone, Copy, Debug)]
pub struct QuantizeSpec {
    /// Elements, dense on both sides.
    pub elements: usize,
    /// Scale of the output.
    pub scale: f32,
    /// Zero point of the output, in the file's domain.
    pub zero: i32,
    /// Whether the file's tensor is `int8` (else `uint8`).
    pub file_is_signed: bool,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// QUANTIZE from 32-bit floats, ready to run. Input 0 holds floats, output 0 stored bytes.
pub struct Quantize {
    bound: Bound<Entry<FloatsFn>>,
    by: Quantization,
    elements: usize,
    share: usize,
}

/// Prepares QUANTIZE from 32-bit floats for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set.
pub fn prepare_quantize(isa: Isa, spec: &QuantizeSpec) -> Quantize {
    let range = if spec.file_is_signed { [-128, 127] } else { [0, 255] };
    let offset = isa.storage().offset_from(spec.file_is_signed);
    Quantize {
        bound: Bound::new(KERNELS, isa),
        by: Quantization { scale: spec.scale, zero: spec.zero, range, offset },
        elements: spec.elements,
        share: row_tasks(spec.elements, 4, spec.threads),
    }
}

impl Layer for Quantize {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(family::QUANTIZE, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.elements.div_ceil(self.share).max(1)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        assert!(inputs[0].len() >= 4 * self.elements, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.elements, "output view of {} bytes", outputs[0].len());
        let first = task * self.share;
        let len = self.share.min(self.elements - first);
        let floats = Floats {
            by: &self.by,
            input: inputs[0].as_ptr().wrapping_add(4 * first),
            output: outputs[0].as_ptr().wrapping_add(first),
            len,
        };
        // SAFETY: the ranges lie inside the asserted views; the caller vouches that nobody writes the
        // input and that nobody else touches the output bytes of this task; the bound descriptor proves
        // the CPU feature.
        unsafe { (self.bound.descriptor().run)(&floats) }
        Ok(())
    }
}
