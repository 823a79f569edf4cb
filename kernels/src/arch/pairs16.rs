//! Products of 16-bit values in sixteen columns, of pairs or one by one: `vpmaddwd`, or `vpdpwssd` which also adds.
//! Advanced SIMD multiplies one by one, by an element of a register.

use super::{Arch, LANES, Scalar};
use crate::requantize16::Wide;

#[cfg(target_arch = "x86_64")]
mod x86;

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
    fn rescale_wide(self, sums: &[i64; LANES], by: &Wide) -> Self::I32;

    /// [`Pairs16::rescale_wide`] of sums that fit 32 bits.
    fn rescale_narrow(self, sums: Self::I32, by: &Wide) -> Self::I32;
}

impl Pairs16 for Scalar {
    const SIDE_BY_SIDE: bool = true;
    const TAP_STEP: usize = LANES;
    type Weights16 = [[i16; 2]; LANES];
    type Words = [i16; LANES];
    type Tap = [i16; LANES];

    #[inline(always)]
    unsafe fn load_weights16(self, source: *const i16) -> Self::Weights16 {
        // SAFETY: the caller vouches for 32 readable values.
        unsafe { source.cast::<Self::Weights16>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn add_pairs16(self, sums: Self::I32, x: *const i16, weights: Self::Weights16) -> Self::I32 {
        // SAFETY: the caller vouches for two readable values.
        let [a, b] = unsafe { x.cast::<[i16; 2]>().read_unaligned() };
        let mut sums = sums;
        for (sum, [v, w]) in sums.iter_mut().zip(weights) {
            *sum = sum.wrapping_add(i32::from(a) * i32::from(v) + i32::from(b) * i32::from(w));
        }
        sums
    }

    #[inline(always)]
    unsafe fn load_words(self, source: *const i16) -> Self::Words {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { source.cast::<[i16; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_tap(self, source: *const i16) -> Self::Tap {
        // SAFETY: the caller vouches for 16 readable values.
        unsafe { source.cast::<[i16; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    fn add_words(self, sums: Self::I32, words: Self::Words, weights: Self::Tap) -> Self::I32 {
        let mut sums = sums;
        for ((sum, word), weight) in sums.iter_mut().zip(words).zip(weights) {
            *sum = sum.wrapping_add(i32::from(word) * i32::from(weight));
        }
        sums
    }

    #[inline(always)]
    unsafe fn store_words(self, target: *mut i16, values: Self::I32, count: usize) {
        for (index, value) in values.into_iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` values.
            unsafe { target.add(index).write(value as i16) }
        }
    }

    #[inline(always)]
    fn rescale_wide(self, sums: &[i64; LANES], by: &Wide) -> Self::I32 {
        let mut values = [0; LANES];
        for lane in 0..LANES {
            let product = sums[lane].wrapping_mul(i64::from(by.factor[lane]));
            values[lane] = (product.wrapping_add(by.offset[lane]) >> by.shift[lane]) as i32;
        }
        values
    }

    #[inline(always)]
    fn rescale_narrow(self, sums: Self::I32, by: &Wide) -> Self::I32 {
        self.rescale_wide(&sums.map(i64::from), by)
    }
}
