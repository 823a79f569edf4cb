//! Chunks of both operands, widened to 16 bits.

use crate::arch::LANES;

/// Most of K that is packed at a time; sums of so many products of 16-bit with 8-bit values fit 32 bits.
pub(super) const CHUNK: usize = 256;

/// Most rows of a block.
pub(super) const BLOCK_ROWS: usize = 96;

/// A chunk of some rows.
pub(super) type Rows = [[i16; CHUNK]; BLOCK_ROWS];

/// A chunk of sixteen columns: pairs of k, the two of each column as [`crate::arch::Pairs16::SIDE_BY_SIDE`] says.
pub(super) type Panel = [[i16; 2 * LANES]; CHUNK / 2];

/// A stored value.
pub(super) trait Element: Copy {
    /// The value less its zero point.
    fn widen(self, zero: i16) -> i16;
}

impl Element for u8 {
    #[inline(always)]
    fn widen(self, zero: i16) -> i16 {
        i16::from(self) - zero
    }
}

impl Element for i8 {
    #[inline(always)]
    fn widen(self, zero: i16) -> i16 {
        i16::from(self) - zero
    }
}

impl Element for i16 {
    #[inline(always)]
    fn widen(self, _zero: i16) -> i16 {
        self
    }
}

/// A chunk of one operand in memory.
#[derive(Clone, Copy)]
pub(super) struct Source<T> {
    pub(super) first: *const T,
    /// Elements from one row or column to the next.
    pub(super) step: usize,
    /// Elements from one k to the next.
    pub(super) k_step: usize,
    /// Rows or columns.
    pub(super) count: usize,
    /// Of K, at most [`CHUNK`].
    pub(super) depth: usize,
    pub(super) zero: i16,
}

/// Packs rows; what is beyond the chunk's depth in the last pair is 0.
///
/// # Safety
/// The source is readable.
#[inline(always)]
pub(super) unsafe fn rows<T: Element>(source: Source<T>, packed: &mut Rows) {
    for (row, packed) in packed.iter_mut().enumerate().take(source.count) {
        let first = source.first.wrapping_add(row * source.step);
        if source.k_step == 1 {
            // SAFETY: the caller's promise.
            let values = unsafe { core::slice::from_raw_parts(first, source.depth) };
            for (value, &stored) in packed.iter_mut().zip(values) {
                *value = stored.widen(source.zero);
            }
        } else {
            for (k, value) in packed.iter_mut().enumerate().take(source.depth) {
                // SAFETY: the caller's promise.
                *value = unsafe { first.add(k * source.k_step).read() }.widen(source.zero);
            }
        }
        if source.depth < CHUNK {
            packed[source.depth] = 0;
        }
    }
}

/// Packs a panel; columns and k beyond the source are 0.
///
/// # Safety
/// The source is readable.
#[inline(always)]
pub(super) unsafe fn panel<T: Element, const SIDE_BY_SIDE: bool>(source: Source<T>, packed: &mut Panel) {
    for (pair, packed) in packed.iter_mut().enumerate().take(source.depth.div_ceil(2)) {
        // SAFETY: the caller's promise.
        let halves = unsafe { [columns(source, 2 * pair), columns(source, 2 * pair + 1)] };
        for column in 0..LANES {
            for (half, columns) in halves.iter().enumerate() {
                packed[if SIDE_BY_SIDE { 2 * column + half } else { LANES * half + column }] = columns[column];
            }
        }
    }
}

/// Sixteen columns of one k.
///
/// # Safety
/// The source is readable.
#[inline(always)]
unsafe fn columns<T: Element>(source: Source<T>, k: usize) -> [i16; LANES] {
    let mut values = [0; LANES];
    if k >= source.depth {
        return values;
    }
    let first = source.first.wrapping_add(k * source.k_step);
    if source.step == 1 && source.count == LANES {
        // SAFETY: sixteen neighbours of the source; the read takes any alignment.
        let columns = unsafe { first.cast::<[T; LANES]>().read_unaligned() };
        for (value, stored) in values.iter_mut().zip(columns) {
            *value = stored.widen(source.zero);
        }
        return values;
    }
    for (column, value) in values.iter_mut().enumerate().take(source.count) {
        // SAFETY: the caller's promise.
        *value = unsafe { first.add(column * source.step).read() }.widen(source.zero);
    }
    values
}
