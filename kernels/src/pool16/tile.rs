//! The loops, written once for every instruction set: some output pixels, all channels.

use alloc::vec::Vec;
use core::ops::Range;

use super::spec::{Pool16Kind, Pool16Spec};
use crate::arch::{Kernel, LANES, Pairs16};
use crate::requantize16::{Range16, Requantizer16};

/// Taps inside the image for one output position along one axis, and the input position of the first.
#[derive(Clone, Debug)]
pub(super) struct Taps {
    pub(super) count: usize,
    pub(super) first: usize,
}

/// Some output pixels.
pub(super) struct Block<'a> {
    pub(super) spec: &'a Pool16Spec,
    /// Of each output position down and across.
    pub(super) taps: &'a [Vec<Taps>; 2],
    /// The epilogue of [`Pool16Kind::Scaled`].
    pub(super) epilogue: &'a Requantizer16,
    /// Output pixels of all images.
    pub(super) pixels: Range<usize>,
    pub(super) source: *const i16,
    pub(super) target: *mut i16,
}

/// A block entry point.
///
/// # Safety
/// The CPU has the instruction set. The input, with fifteen values more, is readable; the block's outputs are writable
/// and nobody else touches them.
pub(super) type BlockFn = unsafe fn(&Block<'_>);

/// The taps of one output pixel.
struct Covered<'a> {
    image: *const i16,
    down: &'a Taps,
    across: &'a Taps,
}

/// What becomes of the windows of a block.
pub(super) struct Windows;

impl<A: Pairs16> Kernel<A> for Windows {
    type Call<'a> = Block<'a>;

    /// # Safety
    /// As [`BlockFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, block: &Block<'_>) {
        let [height, width] = block.spec.output;
        let input = &block.spec.input;
        for pixel in block.pixels.clone() {
            let (x, y, image) = (pixel % width, pixel / width % height, pixel / width / height);
            let image = block.source.wrapping_add(image * input.height * input.width * input.channels);
            let covered = Covered { image, down: &block.taps[0][y], across: &block.taps[1][x] };
            for channel in (0..input.channels).step_by(LANES) {
                // SAFETY: the caller's promise.
                let values = unsafe {
                    match block.spec.kind {
                        Pool16Kind::Maximum => maximum(arch, block, &covered, channel),
                        Pool16Kind::Average => average(arch, block, &covered, channel),
                        Pool16Kind::Scaled { .. } => scaled(arch, block, &covered, channel),
                    }
                };
                let target = block.target.wrapping_add(pixel * input.channels + channel);
                let count = LANES.min(input.channels - channel);
                // SAFETY: the caller vouches for the outputs.
                unsafe { arch.store_words(target, values, count) }
            }
        }
    }
}

/// Sixteen channels of the tap `(tap_y, tap_x)` of those inside.
///
/// # Safety
/// The tap is inside, and fifteen values past its channels are readable.
#[inline(always)]
unsafe fn load(block: &Block<'_>, covered: &Covered<'_>, [tap_y, tap_x]: [usize; 2], channel: usize) -> [i16; LANES] {
    let (input, dilation) = (&block.spec.input, block.spec.window.dilation);
    let row = covered.down.first + tap_y * dilation[0];
    let column = covered.across.first + tap_x * dilation[1];
    let at = (row * input.width + column) * input.channels + channel;
    // SAFETY: the caller's promise.
    unsafe { covered.image.add(at).cast::<[i16; LANES]>().read_unaligned() }
}

/// The clamped values.
#[inline(always)]
fn clamped<A: Pairs16>(arch: A, block: &Block<'_>, values: &[i32; LANES]) -> A::I32 {
    // SAFETY: the array has sixteen values.
    let values = unsafe { arch.load(values.as_ptr()) };
    let Range16 { min, max } = block.spec.range;
    arch.min(arch.max(values, arch.splat(min)), arch.splat(max))
}

/// # Safety
/// As [`BlockFn`].
#[inline(always)]
unsafe fn maximum<A: Pairs16>(arch: A, block: &Block<'_>, covered: &Covered<'_>, channel: usize) -> A::I32 {
    let mut greatest = [i16::MIN; LANES];
    for tap_y in 0..covered.down.count {
        for tap_x in 0..covered.across.count {
            // SAFETY: the tap is inside.
            let values = unsafe { load(block, covered, [tap_y, tap_x], channel) };
            for lane in 0..LANES {
                greatest[lane] = greatest[lane].max(values[lane]);
            }
        }
    }
    let mut values = [0; LANES];
    for lane in 0..LANES {
        values[lane] = i32::from(greatest[lane]);
    }
    clamped(arch, block, &values)
}

/// Sums of sixteen channels, wrapping.
///
/// # Safety
/// As [`BlockFn`].
#[inline(always)]
unsafe fn sums(block: &Block<'_>, covered: &Covered<'_>, channel: usize) -> [i32; LANES] {
    let mut sums = [0_i32; LANES];
    for tap_y in 0..covered.down.count {
        for tap_x in 0..covered.across.count {
            // SAFETY: the tap is inside.
            let values = unsafe { load(block, covered, [tap_y, tap_x], channel) };
            for lane in 0..LANES {
                sums[lane] = sums[lane].wrapping_add(i32::from(values[lane]));
            }
        }
    }
    sums
}

/// # Safety
/// As [`BlockFn`].
#[inline(always)]
unsafe fn average<A: Pairs16>(arch: A, block: &Block<'_>, covered: &Covered<'_>, channel: usize) -> A::I32 {
    // SAFETY: the caller's promise.
    let sums = unsafe { sums(block, covered, channel) };
    let count = (covered.down.count * covered.across.count) as i32;
    let values = if count <= SMALL { divided_in_f32(&sums, count) } else { divided_in_f64(&sums, count) };
    clamped(arch, block, &values)
}

/// # Safety
/// As [`BlockFn`].
#[inline(always)]
unsafe fn scaled<A: Pairs16>(arch: A, block: &Block<'_>, covered: &Covered<'_>, channel: usize) -> A::I32 {
    // SAFETY: the caller's promise.
    let sums = unsafe { sums(block, covered, channel) };
    block.epilogue.apply_narrow(arch, &sums)
}

/// Most taps of a window whose averages are exact in `f32`: see [`divided_in_f32`].
const SMALL: i32 = 64;

/// The sum moved away from 0 by half the count, so that truncation of the quotient rounds.
#[inline(always)]
fn rounded(sum: i32, half: i32) -> i32 {
    if sum > 0 { sum.wrapping_add(half) } else { sum.wrapping_sub(half) }
}

/// Quotients, truncated, as products with the reciprocal.
///
/// The dividend is moved away from 0 by half a unit, which leaves its quotient at least `1 / 2·count` away from any
/// integer. Reciprocal and product are off by less than `2^-23` of the quotient in all, which is less than that as long
/// as dividends are below `2^22`.
#[inline(always)]
fn divided_in_f32(sums: &[i32; LANES], count: i32) -> [i32; LANES] {
    let (half, reciprocal) = (count / 2, 1.0 / count as f32);
    let mut values = [0; LANES];
    for (value, &sum) in values.iter_mut().zip(sums) {
        let dividend = rounded(sum, half) as f32;
        let quotient = (dividend + 0.5_f32.copysign(dividend)) * reciprocal;
        // SAFETY: sums of few values of 16 bits.
        *value = unsafe { quotient.to_int_unchecked() };
    }
    values
}

/// [`divided_in_f32`] of any sums: products are off by less than `2^-52`, and dividends are below `2^32`.
#[inline(always)]
fn divided_in_f64(sums: &[i32; LANES], count: i32) -> [i32; LANES] {
    let (half, reciprocal) = (count / 2, 1.0 / f64::from(count));
    let mut values = [0; LANES];
    for (value, &sum) in values.iter_mut().zip(sums) {
        let dividend = f64::from(rounded(sum, half));
        let quotient = (dividend + 0.5_f64.copysign(dividend)) * reciprocal;
        // SAFETY: a quotient of a value of 32 bits.
        *value = unsafe { quotient.to_int_unchecked() };
    }
    values
}
