//! The tiles, written once for every instruction set: `P` neighbouring pixels of a span times `V` registers of channels, at most
//! eight results at a time, so that as many chains of additions are in flight.

use super::spec::PoolF32Kind;
use crate::arch::{Kernel, Reals};
use crate::window_rows::{PixelTiles, Pixels, TaskRows, WindowRows};

const SUM: u8 = PoolF32Kind::Sum as u8;
const AVERAGE: u8 = PoolF32Kind::Average as u8;
const MAXIMUM: u8 = PoolF32Kind::Maximum as u8;

/// The rows of a task.
pub(super) struct Work<'a> {
    pub(super) rows: &'a WindowRows,
    pub(super) task: TaskRows,
    pub(super) range: [f32; 2],
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. As [`WindowRows::run`].
pub(super) type WorkFn = unsafe fn(&Work<'_>);

/// A pool of the kind of this number.
pub(super) struct Pool<const KIND: u8>;

/// What tiles are computed with.
struct Windows<const KIND: u8> {
    range: [f32; 2],
}

impl<A: Reals, const KIND: u8> Kernel<A> for Pool<KIND> {
    type Call<'a> = Work<'a>;

    /// # Safety
    /// As [`WorkFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, work: &Work<'_>) {
        // SAFETY: the caller's promise.
        unsafe { work.rows.run(arch, &work.task, &Windows::<KIND> { range: work.range }) }
    }
}

impl<A: Reals, const KIND: u8> PixelTiles<A> for Windows<KIND> {
    #[inline(always)]
    unsafe fn some_pixels(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize {
        // SAFETY: the caller's promise; as many pixels are left.
        unsafe {
            match pixels.left {
                8.. => self.channels::<A, 8, 1>(arch, rows, pixels),
                4.. => self.channels::<A, 4, 2>(arch, rows, pixels),
                _ => self.channels::<A, 1, 4>(arch, rows, pixels),
            }
        }
    }
}

impl<const KIND: u8> Windows<KIND> {
    /// The channels of `P` pixels, `V` vectors at a time and then one by one; `P`.
    ///
    /// # Safety
    /// As [`PixelTiles::some_pixels`].
    #[inline(always)]
    unsafe fn channels<A: Reals, const P: usize, const V: usize>(
        &self,
        arch: A,
        rows: &WindowRows,
        pixels: &Pixels,
    ) -> usize {
        let mut channel = pixels.channels.start;
        while channel + V * A::WIDTH32 <= pixels.channels.end {
            // SAFETY: the caller's promise; as many channels are left.
            unsafe { self.tile::<A, P, V>(arch, rows, pixels, channel) }
            channel += V * A::WIDTH32;
        }
        while channel < pixels.channels.end {
            // SAFETY: the caller's promise.
            unsafe { self.tile::<A, P, 1>(arch, rows, pixels, channel) }
            channel += A::WIDTH32;
        }
        P
    }

    /// `P` pixels by `V` vectors of channels, of which the last may have less.
    ///
    /// # Safety
    /// As [`Windows::channels`].
    #[inline(always)]
    unsafe fn tile<A: Reals, const P: usize, const V: usize>(
        &self,
        arch: A,
        rows: &WindowRows,
        pixels: &Pixels,
        channel: usize,
    ) {
        let (step, tap_step) = (rows.pixel_step(), rows.tap_step());
        let first = match KIND {
            SUM | AVERAGE => 0.0,
            MAXIMUM => f32::MIN,
            _ => f32::MAX,
        };
        let mut results = [[arch.splat_f32(first); V]; P];
        for tap_y in pixels.down.clone() {
            let mut source = pixels.source.wrapping_add(rows.tap_row(pixels, tap_y) + channel);
            for _ in pixels.across.clone() {
                for (pixel, results) in results.iter_mut().enumerate() {
                    for (v, result) in results.iter_mut().enumerate() {
                        // SAFETY: the tap is inside the image for each of the pixels, and the caller vouches for what a vector
                        // reads beyond.
                        let x = unsafe { arch.load_f32(source.add(pixel * step + v * A::WIDTH32)) };
                        *result = match KIND {
                            SUM | AVERAGE => arch.add_f32(*result, x),
                            MAXIMUM => arch.max_f32(x, *result),
                            _ => arch.min_f32(x, *result),
                        };
                    }
                }
                source = source.wrapping_add(tap_step);
            }
        }
        let count = arch.splat_f32((pixels.down.len() * pixels.across.len()) as f32);
        for (pixel, results) in results.into_iter().enumerate() {
            let target = pixels.target.wrapping_add(pixel * rows.pixel_stride + channel);
            for (v, result) in results.into_iter().enumerate() {
                let result = if KIND == AVERAGE { arch.div_f32(result, count) } else { result };
                let left = rows.channels - channel - v * A::WIDTH32;
                // SAFETY: the caller vouches for the outputs.
                unsafe { self.finish(arch, result, target.wrapping_add(v * A::WIDTH32), left) }
            }
        }
    }

    /// Clamps and stores a vector, or what is `left` of the channels.
    ///
    /// # Safety
    /// As many elements, at most a vector, are writable, in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn finish<A: Reals>(&self, arch: A, result: A::F32, target: *mut f32, left: usize) {
        let [low, high] = self.range;
        let value = arch.clamp_f32(arch.one_nan_f32(result), [arch.splat_f32(low), arch.splat_f32(high)]);
        // SAFETY: the caller's promise.
        unsafe {
            match left {
                left if left >= A::WIDTH32 => arch.store_f32(target, value),
                left => arch.store_first_f32(target, value, left),
            }
        }
    }
}
