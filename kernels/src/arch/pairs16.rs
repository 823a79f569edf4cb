//! Products of 16-bit values in sixteen columns, of pairs or one by one: `vpmaddwd`, or `vpdpwssd` which also adds.
//! Advanced SIMD multiplies one by one, by an element of a register.

use super::multipliers::LANES;
use super::vector::Arch;

/// 64-bit sums of sixteen channels times 16-bit factors, rounded and shifted to the right.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct WideMultipliers {
    /// Added to the products: the bias times the factor, and what rounds. All of it wraps.
    pub(crate) offset: [i64; LANES],
    /// 1 to 46.
    pub(crate) shift: [i64; LANES],
    /// 0 to 2^15.
    pub(crate) factor: [i32; LANES],
}

/// Sums of products of two activations with two weights in sixteen columns at once, all of 16 bits.
pub(crate) trait Pairs16: Arch {
    /// Whether the two weights of a column lie side by side; else sixteen columns of one k lie before those of the next.
    const SIDE_BY_SIDE: bool;
    /// Values from the weights of one tap to the next, for [`Pairs16::load_tap`]: 32, sixteen with a 0 after each, or 16.
    const TAP_STEP: usize;
    /// Two weights for each of sixteen columns.
    type Weights16: Copy;
    /// Sixteen 16-bit values.
    type Words: Copy;
    /// A tap's weights for sixteen channels.
    type Tap: Copy;

    /// # Safety
    /// `source` is valid for reads of 32 values, two for each column.
    unsafe fn load_weights16(self, source: *const i16) -> Self::Weights16;

    /// `sums[column] + x[0] * weights[column][0] + x[1] * weights[column][1]`, wrapping.
    ///
    /// Both products may not be `2^30`: one of the operands is above -32768.
    ///
    /// # Safety
    /// `x` is valid for reads of 2 values; any alignment.
    unsafe fn add_pairs16(self, sums: Self::I32, x: *const i16, weights: Self::Weights16) -> Self::I32;

    /// [`Pairs16::add_pairs16`] of several rows, for `pairs` pairs, of which the weights follow each other.
    ///
    /// # Safety
    /// Each row is valid for reads of `2 * pairs` values, `weights` for 32 for each pair.
    #[inline(always)]
    unsafe fn add_depth<const MR: usize>(
        self,
        sums: &mut [Self::I32; MR],
        rows: &[*const i16; MR],
        weights: *const i16,
        pairs: usize,
    ) {
        for pair in 0..pairs {
            // SAFETY: the caller vouches for the weights and the values of this pair.
            unsafe {
                let columns = self.load_weights16(weights.add(2 * LANES * pair));
                for row in 0..MR {
                    sums[row] = self.add_pairs16(sums[row], rows[row].add(2 * pair), columns);
                }
            }
        }
    }

    /// Adds products of any values to sums of 64 bits: `depth` values of a row, and the weights of as many pairs as that
    /// takes.
    ///
    /// # Safety
    /// `row` is valid for reads of `depth` values rounded up to a pair, `weights` for 32 for each pair.
    #[inline(always)]
    unsafe fn add_long(self, totals: &mut [i64; LANES], row: *const i16, weights: *const i16, depth: usize) {
        for k in 0..depth {
            for (lane, total) in totals.iter_mut().enumerate() {
                let at = if Self::SIDE_BY_SIDE { 2 * lane + k % 2 } else { LANES * (k % 2) + lane };
                // SAFETY: the caller vouches for the row's values and for the weights.
                let (x, weight) = unsafe { (*row.add(k), *weights.add(k / 2 * 2 * LANES + at)) };
                *total += i64::from(i32::from(x) * i32::from(weight));
            }
        }
    }

    /// Sixteen values.
    ///
    /// # Safety
    /// `source` is valid for reads of 16 values; any alignment.
    unsafe fn load_words(self, source: *const i16) -> Self::Words;

    /// A tap's weights.
    ///
    /// # Safety
    /// `source` is valid for reads of [`Pairs16::TAP_STEP`] values; any alignment.
    unsafe fn load_tap(self, source: *const i16) -> Self::Tap;

    /// `sums + words * weights`, wrapping.
    fn add_words(self, sums: Self::I32, words: Self::Words, weights: Self::Tap) -> Self::I32;

    /// Stores the first `count` lanes, all of 16 bits.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` values; `count <= 16`.
    unsafe fn store_words(self, target: *mut i16, values: Self::I32, count: usize);

    /// `(sums * factor + offset) >> shift`, all of 64 bits and wrapping, cut to 32 bits.
    fn rescale_wide(self, sums: &[i64; LANES], by: &WideMultipliers) -> Self::I32;

    /// [`Pairs16::rescale_wide`] of sums that fit 32 bits.
    fn rescale_narrow(self, sums: Self::I32, by: &WideMultipliers) -> Self::I32;
}
