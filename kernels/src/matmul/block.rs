//! A block of rows of one product of integers, written once for every instruction set.

use super::pack::{self, BLOCK_ROWS, CHUNK, Element, Panel, Rows, Source};
use crate::arch::{LANES, Pairs16};
use crate::requantize::Requantizer;
use crate::requantize16::Ending16;

/// An operand.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    /// The matrix's first element, for the block's first row.
    pub(super) first: *const u8,
    /// Elements from one row or column of the product to the next.
    pub(super) step: usize,
    /// Elements from one k to the next.
    pub(super) k_step: usize,
    pub(super) zero: i16,
    pub(super) kind: Kind,
}

/// An operand's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    S8,
    S16,
}

/// How sums end.
pub(super) enum End<'a> {
    Eight(&'a Requantizer),
    Sixteen(&'a Ending16),
}

/// Rows of one product.
pub(super) struct Block<'a> {
    pub(super) left: Operand,
    pub(super) right: Operand,
    /// Rows, at most [`BLOCK_ROWS`].
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) end: End<'a>,
    /// The first row's first element.
    pub(super) output: *mut u8,
}

/// A block entry point.
///
/// # Safety
/// The CPU has the instruction set. Operands are readable, the output is writable and nobody else touches it.
pub(super) type BlockFn = unsafe fn(&Block<'_>);

/// Computes one block, `MR` rows at a time, which divides [`BLOCK_ROWS`].
///
/// # Safety
/// As [`BlockFn`], in a function that enables the instruction set of `arch`.
#[inline(always)]
pub(super) unsafe fn run<A: Pairs16, const MR: usize>(arch: A, block: &Block<'_>) {
    let mut rows: Rows = [[0; CHUNK]; BLOCK_ROWS];
    let mut panel: Panel = [[0; 2 * LANES]; CHUNK / 2];
    let mut packed = None;
    // Two 16-bit values make products that 32 bits cannot add up.
    let wide = block.left.kind == Kind::S16 && block.right.kind == Kind::S16;
    for column in (0..block.columns).step_by(LANES) {
        let columns = LANES.min(block.columns - column);
        let mut totals = [[0_i64; LANES]; BLOCK_ROWS];
        for first in (0..block.depth).step_by(CHUNK) {
            let depth = CHUNK.min(block.depth - first);
            // SAFETY: operands are readable.
            unsafe {
                if packed != Some(first) {
                    pack_rows(block, first, depth, &mut rows);
                    packed = Some(first);
                }
                pack_panel::<A>(block, [first, depth], [column, columns], &mut panel);
            }
            for (rows, totals) in rows.chunks_exact(MR).zip(totals.chunks_exact_mut(MR)).take(block.rows.div_ceil(MR)) {
                if wide {
                    add_wide::<A>(rows, &panel, depth, totals);
                } else {
                    // SAFETY: in a function that enables the instruction set.
                    unsafe { add_narrow::<A, MR>(arch, rows, &panel, depth, totals) }
                }
            }
        }
        for (row, total) in totals.iter().enumerate().take(block.rows) {
            let at = row * block.columns + column;
            // SAFETY: the caller vouches for the output.
            unsafe { end(arch, block, total, at, columns) }
        }
    }
}

/// # Safety
/// The left operand is readable.
#[inline(always)]
unsafe fn pack_rows(block: &Block<'_>, first: usize, depth: usize, packed: &mut Rows) {
    let at = [first, depth];
    // SAFETY: the caller's promise.
    unsafe {
        match block.left.kind {
            Kind::U8 => pack::rows(source::<u8>(&block.left, at, 0, block.rows), packed),
            Kind::S8 => pack::rows(source::<i8>(&block.left, at, 0, block.rows), packed),
            Kind::S16 => pack::rows(source::<i16>(&block.left, at, 0, block.rows), packed),
        }
    }
}

/// # Safety
/// The right operand is readable.
#[inline(always)]
unsafe fn pack_panel<A: Pairs16>(block: &Block<'_>, at: [usize; 2], [column, columns]: [usize; 2], packed: &mut Panel) {
    // SAFETY: the caller's promise.
    unsafe {
        match (block.right.kind, A::SIDE_BY_SIDE) {
            (Kind::U8, true) => pack::panel::<_, true>(source::<u8>(&block.right, at, column, columns), packed),
            (Kind::S8, true) => pack::panel::<_, true>(source::<i8>(&block.right, at, column, columns), packed),
            (Kind::S16, true) => pack::panel::<_, true>(source::<i16>(&block.right, at, column, columns), packed),
            (Kind::U8, false) => pack::panel::<_, false>(source::<u8>(&block.right, at, column, columns), packed),
            (Kind::S8, false) => pack::panel::<_, false>(source::<i8>(&block.right, at, column, columns), packed),
            (Kind::S16, false) => pack::panel::<_, false>(source::<i16>(&block.right, at, column, columns), packed),
        }
    }
}

/// A chunk of `count` rows or columns of an operand from `first` on.
#[inline(always)]
fn source<T: Element>(operand: &Operand, [k, depth]: [usize; 2], first: usize, count: usize) -> Source<T> {
    let Operand { step, k_step, zero, .. } = *operand;
    let start = operand.first.cast::<T>().wrapping_add(first * step + k * k_step);
    Source { first: start, step, k_step, count, depth, zero }
}

/// Adds a chunk's products where they fit 32 bits.
///
/// # Safety
/// In a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn add_narrow<A: Pairs16, const MR: usize>(
    arch: A,
    rows: &[[i16; CHUNK]],
    panel: &Panel,
    depth: usize,
    totals: &mut [[i64; LANES]],
) {
    let mut sums = [arch.splat(0); MR];
    let mut starts = [core::ptr::null(); MR];
    for (start, row) in starts.iter_mut().zip(rows) {
        *start = row.as_ptr();
    }
    // SAFETY: a panel's pair has 32 values, and a row's two; neither has fewer pairs.
    unsafe { arch.add_depth(&mut sums, &starts, panel.as_ptr().cast(), depth.div_ceil(2)) };
    for (sum, total) in sums.iter().zip(totals) {
        let mut lanes = [0_i32; LANES];
        // SAFETY: the array has sixteen values.
        unsafe { arch.store(lanes.as_mut_ptr(), *sum) }
        for lane in 0..LANES {
            total[lane] += i64::from(lanes[lane]);
        }
    }
}

/// Adds a chunk's products of 16-bit values.
#[inline(always)]
fn add_wide<A: Pairs16>(rows: &[[i16; CHUNK]], panel: &Panel, depth: usize, totals: &mut [[i64; LANES]]) {
    for (row, total) in rows.iter().zip(totals) {
        for (k, &x) in row.iter().enumerate().take(depth) {
            for (lane, sum) in total.iter_mut().enumerate() {
                let at = if A::SIDE_BY_SIDE { 2 * lane + k % 2 } else { LANES * (k % 2) + lane };
                *sum += i64::from(i32::from(x) * i32::from(panel[k / 2][at]));
            }
        }
    }
}

/// Stores sixteen outputs, or fewer, at element `at`.
///
/// # Safety
/// The outputs are writable, in a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn end<A: Pairs16>(arch: A, block: &Block<'_>, total: &[i64; LANES], at: usize, columns: usize) {
    match block.end {
        End::Sixteen(ending) => {
            let values = ending.apply(arch, total);
            let target = block.output.cast::<i16>().wrapping_add(at);
            // SAFETY: the caller's promise.
            unsafe { arch.store_words(target, values, columns) }
        }
        End::Eight(requantizer) => {
            let mut sums = [0_i32; LANES];
            for lane in 0..LANES {
                sums[lane] = total[lane] as i32;
            }
            // SAFETY: the array has sixteen values; the rest is the caller's promise.
            unsafe {
                let [values] = requantizer.apply(arch, [arch.load(sums.as_ptr())]);
                arch.store_bytes(block.output.wrapping_add(at), values, columns);
            }
        }
    }
}
