//! Chunks of both operands, widened to 16 bits.

use crate::arch::LANES;

/// Most of K that is packed at a time; sums of so many products of 16-bit with 8-bit values fit 32 bits.
pub(super) const CHUNK: usize = 256;

/// Most rows of a block.
pub(super) const BLOCK_ROWS: usize = 96;

/// A chunk of some rows.
pub(super) type Rows = [[i16; CHUNK]; BLOCK_ROWS];

/// A chunk of sixteen columns: pairs of k, then columns.
pub(super) type Panel = [[[i16; 2]; LANES]; CHUNK / 2];

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
        for (k, value) in packed.iter_mut().enumerate().take(source.depth) {
            // SAFETY: the caller's promise.
            *value = unsafe { first.add(k * source.k_step).read() }.widen(source.zero);
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
pub(super) unsafe fn panel<T: Element>(source: Source<T>, packed: &mut Panel) {
    for (pair, packed) in packed.iter_mut().enumerate().take(source.depth.div_ceil(2)) {
        for half in 0..2 {
            let k = 2 * pair + half;
            let count = if k < source.depth { source.count } else { 0 };
            let first = source.first.wrapping_add(k * source.k_step);
            for (column, values) in packed.iter_mut().enumerate() {
                values[half] = if column < count {
                    // SAFETY: the caller's promise.
                    unsafe { first.add(column * source.step).read() }.widen(source.zero)
                } else {
                    0
                };
            }
        }
    }
}
