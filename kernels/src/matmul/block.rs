//! A block of rows of one product of integers, written once for every instruction set.

use super::pack::{self, BLOCK_ROWS, CHUNK, Element, Panel, Rows, Source};
use crate::arch::{Arch, Kernel, LANES, Pairs16};
use crate::requantize::Requantizer;
use crate::requantize16::{Requantizer16, add_to_totals};

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
    Sixteen(&'a Requantizer16),
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

/// Sums of a block's sixteen columns.
pub(super) type Sums = [[i32; LANES]; BLOCK_ROWS];

/// One block, `MR` rows at a time, which divides [`BLOCK_ROWS`].
pub(super) struct IntegerRows<const MR: usize>;

impl<A: Pairs16, const MR: usize> Kernel<A> for IntegerRows<MR> {
    type Call<'a> = Block<'a>;

    /// # Safety
    /// As [`BlockFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, block: &Block<'_>) {
        let mut rows: Rows = [[0; CHUNK]; BLOCK_ROWS];
        let mut panel: Panel = [[0; 2 * LANES]; CHUNK / 2];
        let (mut sums, mut totals) = ([[0; LANES]; BLOCK_ROWS], [[0_i64; LANES]; BLOCK_ROWS]);
        let mut packed = None;
        // Two 16-bit values make products that 32 bits cannot add up, and only 8-bit outputs are of sums of 32 bits.
        let products = block.left.kind == Kind::S16 && block.right.kind == Kind::S16;
        let long = products || (block.depth > CHUNK && matches!(block.end, End::Sixteen(_)));
        for column in (0..block.columns).step_by(LANES) {
            let columns = LANES.min(block.columns - column);
            sums[..block.rows].fill([0; LANES]);
            totals[..if long { block.rows } else { 0 }].fill([0; LANES]);
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
                if products {
                    for (row, total) in rows.iter().zip(&mut totals).take(block.rows) {
                        // SAFETY: a row and a panel of a chunk, of which the last pair is filled up with 0.
                        unsafe { arch.add_long(total, row.as_ptr(), panel.as_ptr().cast(), depth) }
                    }
                    continue;
                }
                let groups = rows.chunks_exact(MR).zip(sums.chunks_exact_mut(MR));
                for (rows, sums) in groups.take(block.rows.div_ceil(MR)) {
                    // SAFETY: in a function that enables the instruction set.
                    unsafe { add_narrow::<A, MR>(arch, rows, &panel, depth, sums) }
                }
                if long {
                    add_to_totals(&sums[..block.rows], &mut totals);
                    sums[..block.rows].fill([0; LANES]);
                }
            }
            // SAFETY: the caller vouches for the output.
            unsafe {
                match block.end {
                    End::Eight(requantizer) => end_eight(arch, block, requantizer, &sums, [column, columns]),
                    End::Sixteen(ending) => {
                        for row in 0..block.rows {
                            let values = match long {
                                true => ending.apply(arch, &totals[row]),
                                false => ending.apply_narrow(arch, &sums[row]),
                            };
                            let target = block.output.cast::<i16>().wrapping_add(row * block.columns + column);
                            arch.store_words(target, values, columns);
                        }
                    }
                }
            }
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
    totals: &mut [[i32; LANES]],
) {
    let mut sums = [arch.splat(0); MR];
    let mut starts = [core::ptr::null(); MR];
    for row in 0..MR {
        // SAFETY: sixteen sums for each row.
        sums[row] = unsafe { arch.load(totals[row].as_ptr()) };
        starts[row] = rows[row].as_ptr();
    }
    // SAFETY: a panel's pair has 32 values, and a row's two; neither has fewer pairs.
    unsafe { arch.add_depth(&mut sums, &starts, panel.as_ptr().cast(), depth.div_ceil(2)) };
    for (total, sum) in totals.iter_mut().zip(sums) {
        // SAFETY: as above.
        unsafe { arch.store(total.as_mut_ptr(), sum) }
    }
}

/// Rows that are narrowed together.
const NARROWED: usize = 4;

/// Stores the 8-bit outputs of some columns, four rows at a time.
///
/// # Safety
/// The outputs are writable, in a function that enables the instruction set of `arch`.
#[inline(always)]
pub(super) unsafe fn end_eight<A: Arch>(
    arch: A,
    block: &Block<'_>,
    requantizer: &Requantizer,
    sums: &Sums,
    [column, columns]: [usize; 2],
) {
    let clamp = arch.prepare_clamp(requantizer.clamp());
    for (group, sums) in sums.chunks_exact(NARROWED).enumerate().take(block.rows.div_ceil(NARROWED)) {
        let mut values = [arch.splat(0); NARROWED];
        let mut targets = [block.output; NARROWED];
        for index in 0..NARROWED {
            // Rows that are missing in the last group are its last one again.
            let row = (NARROWED * group + index).min(block.rows - 1);
            // SAFETY: sixteen sums for each row.
            values[index] = unsafe { arch.load(sums[row - NARROWED * group].as_ptr()) };
            targets[index] = block.output.wrapping_add(row * block.columns + column);
        }
        let narrow = arch.narrow(requantizer.scale(arch, values), clamp);
        // SAFETY: the caller's promise.
        unsafe { arch.store_narrow(targets, narrow, columns) }
    }
}
