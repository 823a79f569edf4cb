//! A block of rows of one product of 8-bit values, by instructions that add up products of bytes.
//!
//! Bytes are packed as they are, and zero points are taken off at the end:
//!
//! ```text
//! Σ (x - X)(y - Y) = Σ x·y - Y·Σ x - X·Σ y + K·X·Y
//! ```
//!
//! All of it wraps at 32 bits, as the specification's sums do. Chunks that are no whole registers are filled up with 0.

use core::arch::aarch64::*;

use super::block::{Block, End, Operand, Sums, end_eight};
use super::pack::{BLOCK_ROWS, CHUNK};
use crate::arch::{Arch, InstructionSet, Kernel, LANES, Neon};

/// A chunk of some rows.
type Rows = [[i8; CHUNK]; BLOCK_ROWS];

/// A chunk of sixteen columns: groups of k, of each column side by side.
type Panel = [i8; CHUNK * LANES];

/// Rows that share the load of columns; divides [`BLOCK_ROWS`].
pub(super) const ROWS: usize = 4;

/// K of one step, for which chunks are filled up.
pub(super) const STEP: usize = 16;

/// Products of bytes of one instruction set.
pub(super) trait Products: InstructionSet {
    /// K of a column that lie side by side: 4 or 8.
    const GROUP: usize;

    fn neon(self) -> Neon;

    /// Adds the products of [`ROWS`] rows with a panel.
    ///
    /// # Safety
    /// Rows, `CHUNK` bytes apart, and the panel are readable for `depth`, a multiple of [`STEP`].
    unsafe fn add(self, rows: *const i8, panel: *const i8, depth: usize, sums: &mut [[i32; LANES]; ROWS]);
}

/// One block, of which both operands are signed bytes.
pub(super) struct ByteRows;

impl<P: Products> Kernel<P> for ByteRows {
    type Call<'a> = Block<'a>;

    /// # Safety
    /// As [`BlockFn`](super::block::BlockFn), in a function that enables the instruction set of `arch`; both operands are signed
    /// bytes.
    #[inline(always)]
    unsafe fn run(arch: P, block: &Block<'_>) {
        let End::Eight(requantizer) = block.end else { unreachable!("8-bit operands make 8-bit products") };
        let neon = arch.neon();
        let (mut rows, mut panel): (Rows, Panel) = ([[0; CHUNK]; BLOCK_ROWS], [0; CHUNK * LANES]);
        let (mut sums, mut row_sums): (Sums, _) = ([[0; LANES]; BLOCK_ROWS], [0_i32; BLOCK_ROWS]);
        let mut packed = None;
        for column in (0..block.columns).step_by(LANES) {
            let columns = LANES.min(block.columns - column);
            let mut column_sums = [0_i32; LANES];
            sums[..block.rows].fill([0; LANES]);
            for first in (0..block.depth).step_by(CHUNK) {
                let depth = CHUNK.min(block.depth - first);
                let whole = depth.next_multiple_of(STEP);
                // SAFETY: operands are readable. Rows and panels are as long as a chunk.
                unsafe {
                    if packed != Some(first) {
                        pack_rows(block, [first, depth], &mut rows);
                        packed = Some(first);
                        if column == 0 {
                            for (sum, row) in row_sums.iter_mut().zip(&rows).take(block.rows) {
                                *sum = sum.wrapping_add(neon.sum_bytes(row.as_ptr().cast(), whole));
                            }
                        }
                    }
                    pack_panel::<P>(&block.right, [first, depth], [column, columns], &mut panel);
                    add_columns::<P>(&panel, whole, &mut column_sums);
                    let groups = rows.chunks_exact(ROWS).zip(sums.as_chunks_mut::<ROWS>().0);
                    for (rows, sums) in groups.take(block.rows.div_ceil(ROWS)) {
                        arch.add(rows.as_ptr().cast(), panel.as_ptr(), whole, sums);
                    }
                }
            }
            let [left, right] = [i32::from(block.left.zero), i32::from(block.right.zero)];
            let both = (block.depth as i32).wrapping_mul(left).wrapping_mul(right);
            for sum in &mut column_sums {
                *sum = both.wrapping_sub(left.wrapping_mul(*sum));
            }
            for (sums, row_sum) in sums.iter_mut().zip(&row_sums).take(block.rows) {
                let row = right.wrapping_mul(*row_sum);
                for (sum, column_sum) in sums.iter_mut().zip(&column_sums) {
                    *sum = sum.wrapping_add(column_sum.wrapping_sub(row));
                }
            }
            // SAFETY: the caller vouches for the output.
            unsafe { end_eight(neon, block, requantizer, &sums, [column, columns]) }
        }
    }
}

/// Packs rows, filled up with 0.
///
/// # Safety
/// The left operand is readable.
#[inline(always)]
unsafe fn pack_rows(block: &Block<'_>, [first, depth]: [usize; 2], packed: &mut Rows) {
    let Operand { step, k_step, .. } = block.left;
    for (row, packed) in packed.iter_mut().enumerate().take(block.rows) {
        let source = block.left.first.cast::<i8>().wrapping_add(row * step + first * k_step);
        if k_step == 1 {
            // SAFETY: the row's chunk.
            packed[..depth].copy_from_slice(unsafe { core::slice::from_raw_parts(source, depth) });
        } else {
            for (k, value) in packed.iter_mut().enumerate().take(depth) {
                // SAFETY: as above.
                *value = unsafe { source.add(k * k_step).read() };
            }
        }
        packed[depth..depth.next_multiple_of(STEP)].fill(0);
    }
}

/// Packs a panel, filled up with 0.
///
/// # Safety
/// The right operand is readable.
#[inline(always)]
unsafe fn pack_panel<P: Products>(
    right: &Operand,
    [first, depth]: [usize; 2],
    [column, columns]: [usize; 2],
    packed: &mut Panel,
) {
    let Operand { step, k_step, .. } = *right;
    let source = right.first.cast::<i8>().wrapping_add(column * step + first * k_step);
    let mut k = 0;
    if columns == LANES && (step == 1 || k_step == 1) {
        while k + P::GROUP <= depth {
            let target = packed[k * LANES..(k + P::GROUP) * LANES].as_mut_ptr();
            let from = source.wrapping_add(k * k_step);
            // SAFETY: whole groups of sixteen columns, of which each has all its bytes.
            unsafe {
                match step == 1 {
                    true => interleave::<P>(from, k_step, target),
                    false => gather::<P>(from, step, target),
                }
            }
            k += P::GROUP;
        }
    }
    packed[k * LANES..depth.next_multiple_of(STEP) * LANES].fill(0);
    for k in k..depth {
        for column in 0..columns {
            let at = k / P::GROUP * P::GROUP * LANES + column * P::GROUP + k % P::GROUP;
            // SAFETY: a column's value.
            packed[at] = unsafe { source.add(column * step + k * k_step).read() };
        }
    }
}

/// A group of sixteen columns that are neighbours.
///
/// # Safety
/// At each k, sixteen bytes are readable; the target takes a whole group.
#[inline(always)]
unsafe fn interleave<P: Products>(source: *const i8, k_step: usize, target: *mut i8) {
    // SAFETY: the caller's promise.
    unsafe {
        let low = interleave4(source, k_step);
        if P::GROUP == 4 {
            for part in 0..4 {
                vst1q_s32(target.add(LANES * part).cast(), low[part]);
            }
            return;
        }
        let high = interleave4(source.wrapping_add(4 * k_step), k_step);
        for part in 0..4 {
            vst1q_s32(target.add(2 * LANES * part).cast(), vzip1q_s32(low[part], high[part]));
            vst1q_s32(target.add(2 * LANES * part + LANES).cast(), vzip2q_s32(low[part], high[part]));
        }
    }
}

/// Four k of sixteen columns, those of a column in one lane.
///
/// # Safety
/// At each k, sixteen bytes are readable.
#[inline(always)]
unsafe fn interleave4(source: *const i8, k_step: usize) -> [int32x4_t; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let [a, b] = [vld1q_s8(source), vld1q_s8(source.add(k_step))];
        let [c, d] = [vld1q_s8(source.add(2 * k_step)), vld1q_s8(source.add(3 * k_step))];
        let even = [vreinterpretq_s16_s8(vzip1q_s8(a, b)), vreinterpretq_s16_s8(vzip2q_s8(a, b))];
        let odd = [vreinterpretq_s16_s8(vzip1q_s8(c, d)), vreinterpretq_s16_s8(vzip2q_s8(c, d))];
        [
            vreinterpretq_s32_s16(vzip1q_s16(even[0], odd[0])),
            vreinterpretq_s32_s16(vzip2q_s16(even[0], odd[0])),
            vreinterpretq_s32_s16(vzip1q_s16(even[1], odd[1])),
            vreinterpretq_s32_s16(vzip2q_s16(even[1], odd[1])),
        ]
    }
}

/// A group of sixteen columns, each with its k side by side.
///
/// # Safety
/// Each column has a group of bytes; the target takes a whole group.
#[inline(always)]
unsafe fn gather<P: Products>(source: *const i8, step: usize, target: *mut i8) {
    for column in 0..LANES {
        let (from, to) = (source.wrapping_add(column * step), target.wrapping_add(column * P::GROUP));
        // SAFETY: the caller's promise.
        unsafe {
            match P::GROUP {
                4 => to.cast::<[i8; 4]>().write(from.cast::<[i8; 4]>().read()),
                _ => to.cast::<[i8; 8]>().write(from.cast::<[i8; 8]>().read()),
            }
        }
    }
}

/// Adds up a panel's columns.
#[inline(always)]
fn add_columns<P: Products>(panel: &Panel, depth: usize, sums: &mut [i32; LANES]) {
    // SAFETY: register operations that every aarch64 target of this crate has, and loads and stores within arrays: a
    // group is as many registers as it has k.
    unsafe {
        let mut parts = [vdupq_n_s32(0); 8];
        for group in panel[..depth * LANES].chunks_exact(P::GROUP * LANES) {
            for (part, columns) in parts[..P::GROUP].iter_mut().zip(group.chunks_exact(LANES)) {
                *part = vpadalq_s16(*part, vpaddlq_s8(vld1q_s8(columns.as_ptr())));
            }
        }
        for (quarter, sums) in sums.chunks_exact_mut(4).enumerate() {
            let gained = match P::GROUP {
                4 => parts[quarter],
                _ => vpaddq_s32(parts[2 * quarter], parts[2 * quarter + 1]),
            };
            vst1q_s32(sums.as_mut_ptr(), vaddq_s32(vld1q_s32(sums.as_ptr()), gained));
        }
    }
}
