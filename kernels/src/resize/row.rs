//! A row of bilinear samples, written once and compiled for each instruction set.
//!
//! Columns between the same two pixels, of which there are many when an image grows, share all that depends on the pixels
//! and the row only.
//!
//! Sixteen channels of four pixels are read where fewer exist; what lies beyond is not kept. Of neighbouring columns the
//! last block of channels comes first, so that it may run into the first channels of the next pixel, which are computed
//! later; the last pixels of a row, and those that lie apart, are cut.

use core::marker::PhantomData;
use core::ops::Range;

use super::spec::Sample;
use crate::arch::{InstructionSet, Kernel};

/// Channels that are computed side by side.
pub(super) const BLOCK: usize = 16;

/// A row of outputs.
pub(super) struct Row<'a, F> {
    /// The two input rows.
    pub(super) lines: [*const u8; 2],
    /// How far the row is from the first of them.
    pub(super) fraction: F,
    /// Output columns.
    pub(super) columns: &'a [Sample<F>],
    pub(super) channels: usize,
    /// Bytes from one input pixel to the next.
    pub(super) input_stride: usize,
    pub(super) output: *mut u8,
    /// Bytes from one output pixel to the next.
    pub(super) output_stride: usize,
    /// What 8-bit file values are XORed with when stored.
    pub(super) mask: u8,
}

/// A row's entry point.
///
/// # Safety
/// The CPU has the instruction set. At every sample's pixels, as many elements are readable as the channels in whole
/// blocks, and the row of outputs is writable and nobody else's. Float fractions are within -2 and 2.
pub(super) type RowFn<F> = unsafe fn(&Row<'_, F>);

/// An element type and how four of them are blended, a block at a time.
pub(super) trait Element: Copy + Default {
    type Fraction: Copy + 'static;
    /// Two columns, weighed by the fraction of the height.
    type Weighed: Copy;

    /// Weighs four blocks, row by row, by the fraction of the height.
    fn weigh(near: &[[Self; BLOCK]; 4], y: Self::Fraction, mask: u8) -> Self::Weighed;

    /// Weighs two columns by the fraction of the width.
    ///
    /// # Safety
    /// Float fractions are within -2 and 2.
    unsafe fn blend(columns: &Self::Weighed, x: Self::Fraction, mask: u8) -> [Self; BLOCK];
}

/// Products of the first column's two elements with the fraction of the height, then of the second's.
type RealColumns = [[f32; BLOCK]; 4];

/// Weighs four blocks of values, row by row.
#[inline(always)]
fn weigh_real(near: &RealColumns, y: f32) -> RealColumns {
    let mut columns = [[0.0; BLOCK]; 4];
    for lane in 0..BLOCK {
        columns[0][lane] = near[0][lane] * (1.0 - y);
        columns[1][lane] = near[2][lane] * y;
        columns[2][lane] = near[1][lane] * (1.0 - y);
        columns[3][lane] = near[3][lane] * y;
    }
    columns
}

/// The sum of products in the specification's order, each rounded; `offset` comes last.
#[inline(always)]
fn blend_real(columns: &RealColumns, x: f32, offset: f32) -> [f32; BLOCK] {
    let mut sums = [0.0; BLOCK];
    for (lane, sum) in sums.iter_mut().enumerate() {
        let first = columns[0][lane] * (1.0 - x) + columns[1][lane] * (1.0 - x);
        *sum = first + columns[2][lane] * x + columns[3][lane] * x + offset;
    }
    sums
}

/// A stored `uint8`.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct U8(u8);

impl Element for U8 {
    type Fraction = f32;
    type Weighed = RealColumns;

    #[inline(always)]
    fn weigh(near: &[[Self; BLOCK]; 4], y: f32, mask: u8) -> RealColumns {
        let mut values = [[0.0; BLOCK]; 4];
        for (values, near) in values.iter_mut().zip(near) {
            for (value, byte) in values.iter_mut().zip(near) {
                *value = f32::from(byte.0 ^ mask);
            }
        }
        weigh_real(&values, y)
    }

    #[inline(always)]
    unsafe fn blend(columns: &RealColumns, x: f32, mask: u8) -> [Self; BLOCK] {
        let mut block = [Self::default(); BLOCK];
        for (out, sum) in block.iter_mut().zip(blend_real(columns, x, 0.5)) {
            // SAFETY: bytes times such fractions are far inside 32 bits.
            *out = Self(unsafe { sum.to_int_unchecked::<i32>() } as u8 ^ mask);
        }
        block
    }
}

impl Element for f32 {
    type Fraction = f32;
    type Weighed = RealColumns;

    #[inline(always)]
    fn weigh(near: &[[Self; BLOCK]; 4], y: f32, _mask: u8) -> RealColumns {
        weigh_real(near, y)
    }

    #[inline(always)]
    unsafe fn blend(columns: &RealColumns, x: f32, _mask: u8) -> [Self; BLOCK] {
        blend_real(columns, x, 0.0)
    }
}

/// Both ends weighed, in units of 1/1024. Sums are exact, and wrap only where fractions beyond the last element cancel.
#[inline(always)]
fn between(first: i32, second: i32, fraction: i32) -> i32 {
    first.wrapping_mul(1024_i32.wrapping_sub(fraction)).wrapping_add(second.wrapping_mul(fraction))
}

/// A stored `int8`.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub(super) struct I8(u8);

impl I8 {
    #[inline(always)]
    fn value(self, mask: u8) -> i32 {
        i32::from((self.0 ^ mask) as i8)
    }
}

impl Element for I8 {
    type Fraction = i32;
    type Weighed = [[i32; BLOCK]; 2];

    #[inline(always)]
    fn weigh(near: &[[Self; BLOCK]; 4], y: i32, mask: u8) -> [[i32; BLOCK]; 2] {
        let mut columns = [[0; BLOCK]; 2];
        for lane in 0..BLOCK {
            columns[0][lane] = between(near[0][lane].value(mask), near[2][lane].value(mask), y);
            columns[1][lane] = between(near[1][lane].value(mask), near[3][lane].value(mask), y);
        }
        columns
    }

    #[inline(always)]
    unsafe fn blend(columns: &[[i32; BLOCK]; 2], x: i32, mask: u8) -> [Self; BLOCK] {
        let mut block = [Self::default(); BLOCK];
        for (lane, out) in block.iter_mut().enumerate() {
            let sum = between(columns[0][lane], columns[1][lane], x);
            // Ties go away from 0: those of negative sums are pushed down by one.
            let rounded = sum.wrapping_add(sum >> 31).wrapping_add(1 << 19) >> 20;
            *out = Self(rounded as u8 ^ mask);
        }
        block
    }
}

impl Element for i16 {
    type Fraction = i32;
    type Weighed = [[i32; BLOCK]; 2];

    #[inline(always)]
    fn weigh(near: &[[Self; BLOCK]; 4], y: i32, _mask: u8) -> [[i32; BLOCK]; 2] {
        let mut columns = [[0; BLOCK]; 2];
        for lane in 0..BLOCK {
            columns[0][lane] = between(i32::from(near[0][lane]), i32::from(near[2][lane]), y);
            columns[1][lane] = between(i32::from(near[1][lane]), i32::from(near[3][lane]), y);
        }
        columns
    }

    #[inline(always)]
    unsafe fn blend(columns: &[[i32; BLOCK]; 2], x: i32, _mask: u8) -> [Self; BLOCK] {
        let mut block = [0; BLOCK];
        let x = i64::from(x);
        for (lane, out) in block.iter_mut().enumerate() {
            let sum = i64::from(columns[0][lane]) * (1024 - x) + i64::from(columns[1][lane]) * x;
            let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
            *out = ((sum + half) / (1 << 20)) as i16;
        }
        block
    }
}

/// A row of elements `E`: neighbouring columns between the same two pixels together.
pub(super) struct Bilinear<E>(PhantomData<E>);

impl<A: InstructionSet, E: Element> Kernel<A> for Bilinear<E> {
    type Call<'a> = Row<'a, E::Fraction>;

    /// # Safety
    /// As [`RowFn`], in a function that enables the instruction set.
    #[inline(always)]
    unsafe fn run(_: A, row: &Row<'_, E::Fraction>) {
        let mut first = 0;
        while let Some(sample) = row.columns.get(first) {
            let mut end = first + 1;
            while row.columns.get(end).is_some_and(|next| (next.lower, next.upper) == (sample.lower, sample.upper)) {
                end += 1;
            }
            let mut block = row.channels.div_ceil(BLOCK);
            while block > 0 {
                block -= 1;
                // SAFETY: the caller's promise.
                unsafe { columns::<E>(row, first..end, block * BLOCK) }
            }
            first = end;
        }
    }
}

/// Computes a block of channels of columns between the same two pixels.
///
/// # Safety
/// As [`RowFn`].
#[inline(always)]
unsafe fn columns<E: Element>(row: &Row<'_, E::Fraction>, range: Range<usize>, channel: usize) {
    let size = size_of::<E>();
    let dense = row.output_stride == row.channels * size;
    let overrun_end = if dense { row.columns.len() * row.output_stride } else { 0 };
    let sample = &row.columns[range.start];
    let (lower, upper) = (sample.lower * row.input_stride, sample.upper * row.input_stride);
    // SAFETY: the caller vouches for whole blocks at each of the four pixels.
    let near: [[E; BLOCK]; 4] = unsafe {
        [
            row.lines[0].wrapping_add(lower + channel * size).cast::<[E; BLOCK]>().read_unaligned(),
            row.lines[0].wrapping_add(upper + channel * size).cast::<[E; BLOCK]>().read_unaligned(),
            row.lines[1].wrapping_add(lower + channel * size).cast::<[E; BLOCK]>().read_unaligned(),
            row.lines[1].wrapping_add(upper + channel * size).cast::<[E; BLOCK]>().read_unaligned(),
        ]
    };
    let weighed = E::weigh(&near, row.fraction, row.mask);
    let count = BLOCK.min(row.channels - channel);
    for index in range {
        // SAFETY: the caller vouches for the fractions.
        let block = unsafe { E::blend(&weighed, row.columns[index].fraction, row.mask) };
        let at = index * row.output_stride + channel * size;
        let target = row.output.wrapping_add(at);
        if count == BLOCK || at + BLOCK * size <= overrun_end {
            // SAFETY: a whole block of this pixel, or one that ends within the row and runs into values that are
            // computed later.
            unsafe { target.cast::<[E; BLOCK]>().write_unaligned(block) }
        } else {
            // SAFETY: `count` elements of the pixel, and no more than the block has.
            unsafe { store_part(block.as_ptr().cast(), target, count * size) }
        }
    }
}

/// Copies a part of a block. A call of its own: merged with the store of whole blocks, it would be one for them, too, and
/// keep everything in memory around it.
///
/// # Safety
/// The source is readable and the target writable for so many bytes.
#[cold]
#[inline(never)]
unsafe fn store_part(block: *const u8, target: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(block, target, bytes) }
}
