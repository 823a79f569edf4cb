//! The two steps of a row, written once over lanes that the compiler turns into vectors of each instruction set.

use core::cell::Cell;
use core::ops::Range;

use crate::arch::{InstructionSet, Kernel};

/// Byte columns that are summed side by side: their sums stay in registers while the rows pass by.
const BLOCK: usize = 64;

/// Lanes of a mean: the channels of a pixel, or taps where there is one channel.
pub(super) const TAPS: usize = 4;

/// Rows whose means are computed side by side: what their columns have in common is read once, and additions of one hide the
/// latency of another's.
pub(super) const ROWS: usize = 4;

/// Sums of a span of rows.
pub(super) struct Sums<'a> {
    /// From the span's first row on.
    input: &'a [u8],
    stride: usize,
    weights: &'a [u32],
    sums: &'a [Cell<i32>],
}

impl<'a> Sums<'a> {
    /// Sums of as many byte columns as `sums` has elements. Weights are 15 bits, and add up to
    /// [`MAX_ROW_TOTAL`](super::MAX_ROW_TOTAL) at most.
    pub(super) fn new(input: &'a [u8], stride: usize, weights: &'a [u32], sums: &'a mut [i32]) -> Self {
        Self { input, stride, weights, sums: Cell::from_mut(sums).as_slice_of_cells() }
    }
}

/// The kernel of [`Sums`].
pub(super) struct SumRows;

impl<A: InstructionSet> Kernel<A> for SumRows {
    type Call<'a> = Sums<'a>;

    /// # Safety
    /// In a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: A, call: &Sums<'_>) {
        let count = call.sums.len();
        let whole = count - count % BLOCK;
        let mut at = 0;
        while at < whole {
            sum_block::<BLOCK>(call, at);
            at += BLOCK;
        }
        while at < count {
            sum_block::<1>(call, at);
            at += 1;
        }
    }
}

#[inline(always)]
fn sum_block<const N: usize>(call: &Sums<'_>, at: usize) {
    let mut sums = [0; N];
    let mut from = at;
    for &weight in call.weights {
        // 16 bits of either factor, which instruction sets multiply in one step.
        let weight = i32::from(weight as i16);
        let bytes = &call.input[from..from + N];
        for (sum, &byte) in sums.iter_mut().zip(bytes) {
            *sum += i32::from(byte) * weight;
        }
        from += call.stride;
    }
    for (out, sum) in call.sums[at..at + N].iter().zip(sums) {
        out.set(sum);
    }
}

/// An output column.
pub(super) struct Column {
    /// The sum of its first pixel.
    pub(super) first: usize,
    /// Of all columns' weights, those of this.
    pub(super) weights: Range<usize>,
    /// The reciprocal of what they add up to.
    pub(super) reciprocal: f64,
}

/// Means of some rows of sums.
pub(super) struct Means<'a> {
    /// Rows of sums. Where there are fewer, the last one stands for the others.
    pub(super) sums: [&'a [i32]; ROWS],
    /// Reciprocals of the totals of their weights.
    pub(super) reciprocals: [f64; ROWS],
    pub(super) columns: &'a [Column],
    pub(super) weights: &'a [f64],
    /// What each row becomes.
    pub(super) output: [&'a [Cell<u8>]; ROWS],
}

/// The entry point of [`MeanColumns`].
///
/// # Safety
/// The CPU has the instruction set. In each row of sums, [`TAPS`] elements are readable at every pixel of every column, or, of
/// pixels of one byte, an element for every weight, whose number is a multiple of [`TAPS`]. Weights of columns are there.
pub(super) type MeansFn = unsafe fn(&Means<'_>);

/// The kernel of [`Means`] of pixels of `P` bytes.
pub(super) struct MeanColumns<const P: usize>;

impl<A: InstructionSet, const P: usize> Kernel<A> for MeanColumns<P> {
    type Call<'a> = Means<'a>;

    /// # Safety
    /// As [`MeansFn`], in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: A, call: &Means<'_>) {
        let channels = if P == 1 { 1 } else { 3 };
        for (index, column) in call.columns.iter().enumerate() {
            // SAFETY: the caller's promise.
            let sums = unsafe { weigh::<P>(call, column) };
            for (row, lanes) in sums.into_iter().enumerate() {
                let scale = call.reciprocals[row] * column.reciprocal;
                let pixel = &call.output[row][index * channels..][..channels];
                if P == 1 {
                    let [a, b, c, d] = lanes;
                    pixel[0].set(round((a + b) + (c + d), scale));
                } else {
                    for (out, sum) in pixel.iter().zip(lanes) {
                        out.set(round(sum, scale));
                    }
                }
            }
        }
    }
}

/// Weighted sums of a column, for each row: a channel in a lane, with something else in the fourth, or every fourth tap.
///
/// # Safety
/// As [`MeansFn`].
#[inline(always)]
unsafe fn weigh<const P: usize>(call: &Means<'_>, column: &Column) -> [[f64; TAPS]; ROWS] {
    let mut lanes = [[0.0; TAPS]; ROWS];
    let step = if P == 1 { TAPS } else { 1 };
    let (mut at, mut tap) = (column.first, column.weights.start);
    while tap < column.weights.end {
        let mut weights = [0.0; TAPS];
        for (lane, weight) in weights.iter_mut().enumerate() {
            // SAFETY: the caller vouches for the column's weights, for whole steps where lanes are taps.
            *weight = unsafe { *call.weights.get_unchecked(tap + if P == 1 { lane } else { 0 }) };
        }
        for (lanes, sums) in lanes.iter_mut().zip(call.sums) {
            // SAFETY: the caller vouches for the sums.
            let sums = unsafe { sums.as_ptr().add(at).cast::<[i32; TAPS]>().read_unaligned() };
            for ((lane, sum), weight) in lanes.iter_mut().zip(sums).zip(weights) {
                *lane += f64::from(sum) * weight;
            }
        }
        tap += step;
        at += step * P;
    }
    lanes
}

/// Adding it leaves the nearest integer in the low bits of a small number.
const SHIFT: f64 = (1_u64 << 52) as f64;

/// The nearest integer to the sum over both totals, the larger one of two; see the module above.
#[inline(always)]
fn round(sum: f64, scale: f64) -> u8 {
    ((sum + 0.25) * scale + SHIFT).to_bits() as u8
}
