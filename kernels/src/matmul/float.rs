//! A block of rows of one product of f32. Products and sums are rounded one by one, in the order of K.

use crate::arch::LANES;

/// Rows that share the load of sixteen columns.
const ROWS: usize = 4;

/// Rows of one product.
pub(super) struct FloatBlock {
    /// The left matrix's first element, for the block's first row.
    pub(super) left: *const f32,
    pub(super) right: *const f32,
    /// Elements from one row to the next of the left matrix, and from one k to the next.
    pub(super) left_steps: [usize; 2],
    /// Elements from one column to the next of the right matrix, and from one k to the next.
    pub(super) right_steps: [usize; 2],
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    /// The first row's first element.
    pub(super) output: *mut f32,
}

/// A block entry point.
///
/// # Safety
/// The CPU has the instruction set. Operands are readable, the output is writable and nobody else touches it.
pub(super) type FloatFn = unsafe fn(&FloatBlock);

/// Computes one block.
///
/// # Safety
/// As [`FloatFn`], inlined into a function that enables the instruction set.
#[inline(always)]
pub(super) unsafe fn run(block: &FloatBlock) {
    for column in (0..block.columns).step_by(LANES) {
        let columns = LANES.min(block.columns - column);
        for row in (0..block.rows).step_by(ROWS) {
            let rows = ROWS.min(block.rows - row);
            let mut sums = [[0.0_f32; LANES]; ROWS];
            for k in 0..block.depth {
                let mut values = [0.0_f32; LANES];
                let source = block.right.wrapping_add(k * block.right_steps[1] + column * block.right_steps[0]);
                if columns == LANES && block.right_steps[0] == 1 {
                    // SAFETY: sixteen neighbouring columns of the right operand.
                    values = unsafe { source.cast::<[f32; LANES]>().read_unaligned() };
                } else {
                    for (index, value) in values.iter_mut().enumerate().take(columns) {
                        // SAFETY: a column of the right operand.
                        *value = unsafe { source.add(index * block.right_steps[0]).read() };
                    }
                }
                for (index, sums) in sums.iter_mut().enumerate() {
                    let row = row + index.min(rows - 1);
                    // SAFETY: a row of the left operand.
                    let x = unsafe { block.left.add(row * block.left_steps[0] + k * block.left_steps[1]).read() };
                    for lane in 0..LANES {
                        sums[lane] += x * values[lane];
                    }
                }
            }
            for (index, sums) in sums.iter_mut().enumerate().take(rows) {
                for sum in sums.iter_mut() {
                    // One NaN for all: which one instructions make depends on the order of their operands.
                    *sum = if sum.is_nan() { f32::NAN } else { *sum };
                }
                let target = block.output.wrapping_add((row + index) * block.columns + column);
                // SAFETY: the caller vouches for the output.
                unsafe { core::ptr::copy_nonoverlapping(sums.as_ptr(), target, columns) }
            }
        }
    }
}
