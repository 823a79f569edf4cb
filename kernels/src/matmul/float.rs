//! A block of rows of one product of f32. Products and sums are rounded one by one, in the order of K.

use super::pack::{BLOCK_ROWS, CHUNK};
use crate::arch::{InstructionSet, Kernel, LANES};
use crate::requantize16::store;

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
    /// At most [`BLOCK_ROWS`].
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

/// One block.
pub(super) struct FloatRows;

impl<A: InstructionSet> Kernel<A> for FloatRows {
    type Call<'a> = FloatBlock;

    /// # Safety
    /// As [`FloatFn`], in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: A, block: &FloatBlock) {
        let mut panel: Panel = [[0.0; LANES]; CHUNK];
        for column in (0..block.columns).step_by(LANES) {
            let columns = LANES.min(block.columns - column);
            let mut totals = [[0.0_f32; LANES]; BLOCK_ROWS];
            for first in (0..block.depth).step_by(CHUNK) {
                let depth = CHUNK.min(block.depth - first);
                // SAFETY: operands are readable.
                unsafe {
                    pack(block, [first, depth], [column, columns], &mut panel);
                    for row in (0..block.rows).step_by(ROWS) {
                        add(block, [first, depth], row, &panel, &mut totals);
                    }
                }
            }
            for (row, sums) in totals.iter_mut().enumerate().take(block.rows) {
                for sum in sums.iter_mut() {
                    // One NaN for all: which one instructions make depends on the order of their operands.
                    *sum = if sum.is_nan() { f32::NAN } else { *sum };
                }
                // SAFETY: the caller vouches for the output.
                unsafe { store(block.output.wrapping_add(row * block.columns + column), sums, columns) }
            }
        }
    }
}

/// A chunk of sixteen columns.
type Panel = [[f32; LANES]; CHUNK];

/// Packs a chunk of columns; those beyond the matrix keep what they have, and are not stored.
///
/// # Safety
/// The right operand is readable.
#[inline(always)]
unsafe fn pack(block: &FloatBlock, [first, depth]: [usize; 2], [column, columns]: [usize; 2], panel: &mut Panel) {
    let [step, k_step] = block.right_steps;
    for (k, values) in panel.iter_mut().enumerate().take(depth) {
        let source = block.right.wrapping_add((first + k) * k_step + column * step);
        for (index, value) in values.iter_mut().enumerate().take(columns) {
            // SAFETY: a column of the right operand.
            *value = unsafe { source.add(index * step).read() };
        }
    }
}

/// Adds a chunk's products to the sums of [`ROWS`] rows from `row` on, of which the last may be repeated.
///
/// # Safety
/// The left operand is readable.
#[inline(always)]
unsafe fn add(
    block: &FloatBlock,
    [first, depth]: [usize; 2],
    row: usize,
    panel: &Panel,
    totals: &mut [[f32; LANES]; BLOCK_ROWS],
) {
    let [step, k_step] = block.left_steps;
    let rows: [usize; ROWS] = core::array::from_fn(|index| (row + index).min(block.rows - 1));
    let [mut a, mut b, mut c, mut d] = rows.map(|row| totals[row]);
    let sources = rows.map(|row| block.left.wrapping_add(row * step + first * k_step));
    for (k, values) in panel.iter().enumerate().take(depth) {
        // SAFETY: element `k` of a row's chunk.
        let x = sources.map(|source| unsafe { source.add(k * k_step).read() });
        for lane in 0..LANES {
            a[lane] += x[0] * values[lane];
            b[lane] += x[1] * values[lane];
            c[lane] += x[2] * values[lane];
            d[lane] += x[3] * values[lane];
        }
    }
    // A repeated row gets the same sums again.
    for (row, sums) in rows.into_iter().zip([a, b, c, d]) {
        totals[row] = sums;
    }
}
