//! A row of bilinear samples, written once and compiled for each instruction set.
//!
//! Sixteen channels of four pixels are read where fewer exist; what lies beyond is not kept. Within a row, blocks are
//! written in order, so that a block may run into the next pixel, which comes later; the last ones of a row, and those of
//! pixels that lie apart, are cut.

use super::Sample;

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

/// Entry points for each element type.
pub(super) struct Rows {
    pub(super) u8: RowFn<f32>,
    pub(super) i8: RowFn<i32>,
    pub(super) i16: RowFn<i32>,
    pub(super) f32: RowFn<f32>,
}

/// An element type and how four of them are mixed.
trait Element: Copy + Default {
    type Fraction: Copy;

    /// The element between four, row by row, at these fractions of height and width.
    ///
    /// # Safety
    /// Float fractions are within -2 and 2.
    unsafe fn mix(near: [Self; 4], at: [Self::Fraction; 2], mask: u8) -> Self;
}

/// The sum of products in the specification's order, each rounded.
#[inline(always)]
fn mix_real([q00, q01, q10, q11]: [f32; 4], [y, x]: [f32; 2]) -> f32 {
    q00 * (1.0 - y) * (1.0 - x) + q10 * y * (1.0 - x) + q01 * (1.0 - y) * x + q11 * y * x
}

/// A stored `uint8`.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
struct U8(u8);

impl Element for U8 {
    type Fraction = f32;

    #[inline(always)]
    unsafe fn mix(near: [Self; 4], at: [f32; 2], mask: u8) -> Self {
        let near = [
            f32::from(near[0].0 ^ mask),
            f32::from(near[1].0 ^ mask),
            f32::from(near[2].0 ^ mask),
            f32::from(near[3].0 ^ mask),
        ];
        // SAFETY: bytes times such fractions are far inside 32 bits.
        Self(unsafe { (mix_real(near, at) + 0.5).to_int_unchecked::<i32>() } as u8 ^ mask)
    }
}

impl Element for f32 {
    type Fraction = f32;

    #[inline(always)]
    unsafe fn mix(near: [Self; 4], at: [f32; 2], _mask: u8) -> Self {
        mix_real(near, at) + 0.0
    }
}

/// A stored `int8`. Columns are mixed first; sums are exact, and wrap only where fractions beyond the last element cancel.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
struct I8(u8);

impl I8 {
    #[inline(always)]
    fn value(self, mask: u8) -> i32 {
        i32::from((self.0 ^ mask) as i8)
    }
}

/// Both ends weighed, in units of 1/1024.
#[inline(always)]
fn between(first: i32, second: i32, fraction: i32) -> i32 {
    first.wrapping_mul(1024_i32.wrapping_sub(fraction)).wrapping_add(second.wrapping_mul(fraction))
}

impl Element for I8 {
    type Fraction = i32;

    #[inline(always)]
    unsafe fn mix(near: [Self; 4], [y, x]: [i32; 2], mask: u8) -> Self {
        let left = between(near[0].value(mask), near[2].value(mask), y);
        let right = between(near[1].value(mask), near[3].value(mask), y);
        let sum = between(left, right, x);
        let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
        Self((sum.wrapping_add(half) / (1 << 20)) as u8 ^ mask)
    }
}

impl Element for i16 {
    type Fraction = i32;

    #[inline(always)]
    unsafe fn mix(near: [Self; 4], [y, x]: [i32; 2], _mask: u8) -> Self {
        let left = i64::from(between(i32::from(near[0]), i32::from(near[2]), y));
        let right = i64::from(between(i32::from(near[1]), i32::from(near[3]), y));
        let sum = left * (1024 - i64::from(x)) + right * i64::from(x);
        let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
        ((sum + half) / (1 << 20)) as i16
    }
}

/// Computes a row.
///
/// # Safety
/// As [`RowFn`], in a function that enables the instruction set.
#[inline(always)]
unsafe fn run<E: Element>(row: &Row<'_, E::Fraction>) {
    let size = size_of::<E>();
    let dense = row.output_stride == row.channels * size;
    let overrun_end = if dense { row.columns.len() * row.output_stride } else { 0 };
    for (index, column) in row.columns.iter().enumerate() {
        let (lower, upper) = (column.lower * row.input_stride, column.upper * row.input_stride);
        let mut first = 0;
        while first < row.channels {
            let mut block = [E::default(); BLOCK];
            // SAFETY: the caller vouches for whole blocks at each of the four pixels and for the fractions.
            unsafe {
                let near: [[E; BLOCK]; 4] = [
                    row.lines[0].wrapping_add(lower + first * size).cast::<[E; BLOCK]>().read_unaligned(),
                    row.lines[0].wrapping_add(upper + first * size).cast::<[E; BLOCK]>().read_unaligned(),
                    row.lines[1].wrapping_add(lower + first * size).cast::<[E; BLOCK]>().read_unaligned(),
                    row.lines[1].wrapping_add(upper + first * size).cast::<[E; BLOCK]>().read_unaligned(),
                ];
                for (lane, out) in block.iter_mut().enumerate() {
                    let four = [near[0][lane], near[1][lane], near[2][lane], near[3][lane]];
                    *out = E::mix(four, [row.fraction, column.fraction], row.mask);
                }
            }
            let at = index * row.output_stride + first * size;
            let target = row.output.wrapping_add(at);
            let count = BLOCK.min(row.channels - first);
            if count == BLOCK || at + BLOCK * size <= overrun_end {
                // SAFETY: a whole block of this pixel, or one that ends within the row, whose later pixels are not
                // written yet.
                unsafe { target.cast::<[E; BLOCK]>().write_unaligned(block) }
            } else {
                // SAFETY: `count` elements of the pixel, and no more than the block has.
                unsafe { core::ptr::copy_nonoverlapping(block.as_ptr().cast(), target, count * size) }
            }
            first += BLOCK;
        }
    }
}

/// The four entry points, compiled with these features.
macro_rules! shells {
    ($(#[$cfg:meta])* $name:ident, $module:ident, $(#[$feature:meta])*) => {
        $(#[$cfg])*
        mod $module {
            use super::{I8, Row, U8, run};

            $(#[$feature])*
            pub(super) unsafe fn u8(row: &Row<'_, f32>) {
                // SAFETY: this function enables the features; the caller vouches for the rest.
                unsafe { run::<U8>(row) }
            }

            $(#[$feature])*
            pub(super) unsafe fn i8(row: &Row<'_, i32>) {
                // SAFETY: as above.
                unsafe { run::<I8>(row) }
            }

            $(#[$feature])*
            pub(super) unsafe fn i16(row: &Row<'_, i32>) {
                // SAFETY: as above.
                unsafe { run::<i16>(row) }
            }

            $(#[$feature])*
            pub(super) unsafe fn f32(row: &Row<'_, f32>) {
                // SAFETY: as above.
                unsafe { run::<f32>(row) }
            }
        }

        /// The entry points of an instruction set.
        $(#[$cfg])*
        pub(super) const $name: Rows = Rows { u8: $module::u8, i8: $module::i8, i16: $module::i16, f32: $module::f32 };
    };
}

shells!(PORTABLE, portable,);
shells!(
    #[cfg(target_arch = "x86_64")]
    AVX2,
    avx2,
    #[target_feature(enable = "avx2")]
);
shells!(
    #[cfg(target_arch = "x86_64")]
    AVX512,
    avx512,
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
);
