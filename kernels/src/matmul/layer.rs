//! Prepared products of matrices.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::block::{Block, End, Kind, Operand};
use super::float::FloatBlock;
use super::pack::BLOCK_ROWS;
use super::spec::{Elements, MatmulSpec};
use super::table::{Descriptor, FAMILY, KERNELS};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::{Isa, Storage};
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::memory::{Input, Output};
use crate::quantization::{OutputRange, Requantize};
use crate::requantize::Requantizer;
use crate::requantize16::{Range16, Requantize16, Requantizer16};

/// Products of matrices, ready to run. Inputs 0 and 1 are the left and the right matrices, output 0 the products; all
/// dense, at any alignment that their elements have.
pub struct Matmul {
    bound: Bound<Descriptor>,
    products: Vec<[usize; 2]>,
    rows: usize,
    depth: usize,
    columns: usize,
    adjoint: [bool; 2],
    form: Form,
    /// Rows of one product that one task computes, at most [`BLOCK_ROWS`].
    share: usize,
}

/// Types of the operands, and their ends.
enum Form {
    Eight { zeros: [i16; 2], kind: Kind, end: Box<Requantizer> },
    Sixteen { right_zero: i16, right: Kind, end: Box<Requantizer16> },
    Float,
}

impl Form {
    fn new(elements: Elements, depth: usize, storage: Storage) -> Self {
        let eight = if storage == Storage::U8 { Kind::U8 } else { Kind::S8 };
        let sixteen = |multiplier| {
            let range = Range16 { min: -32768, max: 32767 };
            Box::new(Requantizer16::new(Requantize16::Wide(&[multiplier]), &[], range, 0, LANES))
        };
        match elements {
            Elements::Eight { zeros: [left, right, zero], multiplier, output_offset } => {
                let (min, max) = storage.range();
                let range = OutputRange { zero, min, max, offset: output_offset };
                let largest = depth as i64 * 255 * 255;
                let end = Requantizer::new(Requantize::Fixed(&[multiplier]), range, 0..LANES, largest);
                Self::Eight { zeros: [left as i16, right as i16], kind: eight, end: Box::new(end) }
            }
            Elements::SixteenByEight { right_zero, multiplier } => {
                Self::Sixteen { right_zero: right_zero as i16, right: eight, end: sixteen(multiplier) }
            }
            Elements::Sixteen { multiplier } => {
                Self::Sixteen { right_zero: 0, right: Kind::S16, end: sixteen(multiplier) }
            }
            Elements::Float => Self::Float,
        }
    }

    /// Bytes of an element of the left, of the right and of the products' matrices.
    fn sizes(&self) -> [usize; 3] {
        match self {
            Self::Eight { .. } => [1, 1, 1],
            Self::Sixteen { right: Kind::S16, .. } => [2, 2, 2],
            Self::Sixteen { .. } => [2, 1, 2],
            Self::Float => [4, 4, 4],
        }
    }
}

/// Prepares products of matrices for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or there is nothing to compute.
pub fn prepare(isa: Isa, spec: &MatmulSpec<'_>) -> Matmul {
    Matmul::new(Bound::new(KERNELS, isa), spec, isa.storage())
}

impl Matmul {
    fn new(bound: Bound<Descriptor>, spec: &MatmulSpec<'_>, storage: Storage) -> Self {
        let MatmulSpec { rows, depth, columns, adjoint, .. } = *spec;
        assert!(rows > 0 && depth > 0 && columns > 0 && !spec.products.is_empty(), "there is something to compute");
        let work = (depth * columns).div_ceil(LANES);
        Self {
            bound,
            products: spec.products.to_vec(),
            rows,
            depth,
            columns,
            adjoint,
            form: Form::new(spec.elements, depth, storage),
            share: row_tasks(rows * spec.products.len(), work, spec.threads).clamp(1, BLOCK_ROWS.min(rows)),
        }
    }

    /// Elements from one row to the next of the left matrix, and from one k to the next.
    fn left_steps(&self) -> [usize; 2] {
        if self.adjoint[0] { [1, self.rows] } else { [self.depth, 1] }
    }

    /// Elements from one column to the next of the right matrix, and from one k to the next.
    fn right_steps(&self) -> [usize; 2] {
        if self.adjoint[1] { [self.depth, 1] } else { [1, self.columns] }
    }

    fn check(&self, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        let sizes = self.form.sizes();
        for (side, area) in [self.rows * self.depth, self.depth * self.columns].into_iter().enumerate() {
            let last = self.products.iter().map(|product| product[side]).max().unwrap_or(0);
            assert!(inputs[side].len() >= (last + 1) * area * sizes[side], "input view of {}", inputs[side].len());
            assert!(inputs[side].as_ptr().addr().is_multiple_of(sizes[side]), "alignment");
        }
        let needed = self.products.len() * self.rows * self.columns * sizes[2];
        assert!(outputs[0].len() >= needed, "output view of {} bytes", outputs[0].len());
        assert!(outputs[0].as_ptr().addr().is_multiple_of(sizes[2]), "alignment");
    }
}

impl Layer for Matmul {
    fn kernel(&self) -> KernelId {
        let names = self.bound.descriptor().names;
        let name = match self.form {
            Form::Eight { .. } => names[0],
            Form::Sixteen { .. } => names[1],
            Form::Float => names[2],
        };
        self.bound.kernel(FAMILY, name)
    }

    fn tasks(&self) -> usize {
        self.products.len() * self.rows.div_ceil(self.share)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        self.check(inputs, outputs);
        let blocks = self.rows.div_ceil(self.share);
        let (product, first) = (task / blocks, task % blocks * self.share);
        let rows = self.share.min(self.rows - first);
        let [left, right] = self.products[product];
        let (left_steps, right_steps) = (self.left_steps(), self.right_steps());
        let sizes = self.form.sizes();
        let left = inputs[0].as_ptr().wrapping_add((left * self.rows * self.depth + first * left_steps[0]) * sizes[0]);
        let right = inputs[1].as_ptr().wrapping_add(right * self.depth * self.columns * sizes[1]);
        let output = outputs[0].as_ptr().wrapping_add((product * self.rows + first) * self.columns * sizes[2]);
        let (depth, columns) = (self.depth, self.columns);
        let kernels = self.bound.descriptor();
        let (run, zeros, kinds, end) = match &self.form {
            Form::Float => {
                let (left, right, output) = (left.cast(), right.cast(), output.cast());
                let block = FloatBlock { left, right, left_steps, right_steps, rows, depth, columns, output };
                // SAFETY: the bound descriptor proves the CPU feature; the views were asserted to hold all matrices at
                // the alignment of f32, and the caller vouches for them.
                unsafe { (kernels.float)(&block) };
                return Ok(());
            }
            Form::Eight { zeros, kind, end } => (kernels.eight, *zeros, [*kind; 2], End::Eight(end)),
            Form::Sixteen { right_zero, right, end } => {
                (kernels.sixteen, [0, *right_zero], [Kind::S16, *right], End::Sixteen(end))
            }
        };
        let operand = |first, [step, k_step]: [usize; 2], side: usize| Operand {
            first,
            step,
            k_step,
            zero: zeros[side],
            kind: kinds[side],
        };
        let (left, right) = (operand(left, left_steps, 0), operand(right, right_steps, 1));
        let block = Block { left, right, rows, depth, columns, end, output };
        // SAFETY: as above.
        unsafe { run(&block) }
        Ok(())
    }
}
