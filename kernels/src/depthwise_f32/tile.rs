//! The tiles, written once for every instruction set.
//!
//! A tile is `P` neighbouring pixels of a span times `V` registers of channels: `P · V` sums, at most eight, so that as many chains
//! of fused products are in flight; beside them `V` registers of weights and one of an input, which suits sixteen registers.
//!
//! ```text
//! for each tap inside, rows first:  w[v] = weights of the tap
//!     sum[p][v] += x[p][v] · w[v]   fused
//! out = clamp(sum + bias)
//! ```

use alloc::vec::Vec;

use crate::arch::{Kernel, LANES, Reals};
use crate::window_rows::{PixelTiles, Pixels, TaskRows, WindowRows};

/// Weights and biases.
pub(super) struct Weights {
    /// For each tap the weights of all channels, up to whole vectors of any width; then the biases.
    pub(super) values: Vec<f32>,
    /// From one tap to the next.
    pub(super) stride: usize,
    pub(super) taps: usize,
    /// Output channels of an input channel.
    pub(super) multiplier: usize,
    /// Of the outputs.
    pub(super) range: [f32; 2],
}

/// The rows of a task.
pub(super) struct Work<'a> {
    pub(super) rows: &'a WindowRows,
    pub(super) task: TaskRows,
    pub(super) weights: &'a Weights,
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. As [`WindowRows::run`].
pub(super) type WorkFn = unsafe fn(&Work<'_>);

/// The convolution of some rows.
pub(super) struct Convolve;

impl<A: Reals> Kernel<A> for Convolve {
    type Call<'a> = Work<'a>;

    /// # Safety
    /// As [`WorkFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, work: &Work<'_>) {
        let Weights { values, stride, taps, .. } = work.weights;
        assert!(values.len() >= (taps + 1) * stride && *stride >= work.rows.channels, "weights of {}", values.len());
        // SAFETY: the caller's promise.
        unsafe { work.rows.run(arch, &work.task, work.weights) }
    }
}

impl<A: Reals> PixelTiles<A> for Weights {
    #[inline(always)]
    unsafe fn some_pixels(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize {
        // SAFETY: the caller's promise; as many pixels are left.
        unsafe {
            match (self.multiplier, pixels.left) {
                (1, 8..) => self.channels::<A, 8, 1>(arch, rows, pixels),
                (1, 4..) => self.channels::<A, 4, 2>(arch, rows, pixels),
                (1, _) => self.channels::<A, 1, 4>(arch, rows, pixels),
                _ => self.channels_apart(arch, rows, pixels),
            }
        }
    }
}

impl Weights {
    /// All channels of `P` pixels, `V` vectors at a time and then one by one; `P`.
    ///
    /// # Safety
    /// As [`PixelTiles::some_pixels`]; there is one output channel for each input channel.
    #[inline(always)]
    unsafe fn channels<A: Reals, const P: usize, const V: usize>(
        &self,
        arch: A,
        rows: &WindowRows,
        pixels: &Pixels,
    ) -> usize {
        let mut channel = 0;
        while channel + V * A::WIDTH32 <= rows.channels {
            // SAFETY: the caller's promise; as many channels are left.
            unsafe { self.tile::<A, P, V>(arch, rows, pixels, channel) }
            channel += V * A::WIDTH32;
        }
        while channel < rows.channels {
            // SAFETY: the caller's promise.
            unsafe { self.tile::<A, P, 1>(arch, rows, pixels, channel) }
            channel += A::WIDTH32;
        }
        P
    }

    /// `P` pixels by `V` vectors of channels, of which the last may have less.
    ///
    /// # Safety
    /// As [`Weights::channels`].
    #[inline(always)]
    unsafe fn tile<A: Reals, const P: usize, const V: usize>(
        &self,
        arch: A,
        rows: &WindowRows,
        pixels: &Pixels,
        channel: usize,
    ) {
        let (step, tap_step) = (rows.pixel_step(), rows.tap_step());
        let mut sums = [[arch.splat_f32(0.0); V]; P];
        for tap_y in pixels.down.clone() {
            let mut source = pixels.source.wrapping_add(rows.tap_row(pixels, tap_y) + channel);
            let tap = tap_y * rows.window.taps[1] + pixels.across.start;
            let mut weights = self.values.as_ptr().wrapping_add(tap * self.stride + channel);
            for _ in pixels.across.clone() {
                // SAFETY: the tap is inside the image for each of the pixels, and the caller vouches for what a vector reads
                // beyond. Weights were asserted to have whole vectors for all taps.
                unsafe {
                    let mut taps = [arch.splat_f32(0.0); V];
                    for (v, tap) in taps.iter_mut().enumerate() {
                        *tap = arch.load_f32(weights.add(v * A::WIDTH32));
                    }
                    for (pixel, sums) in sums.iter_mut().enumerate() {
                        for (v, sum) in sums.iter_mut().enumerate() {
                            let x = arch.load_f32(source.add(pixel * step + v * A::WIDTH32));
                            *sum = arch.mul_add_f32(*sum, x, taps[v]);
                        }
                    }
                }
                source = source.wrapping_add(tap_step);
                weights = weights.wrapping_add(self.stride);
            }
        }
        for (pixel, sums) in sums.into_iter().enumerate() {
            let target = pixels.target.wrapping_add(pixel * rows.pixel_stride);
            for (v, sum) in sums.into_iter().enumerate() {
                // SAFETY: the caller vouches for the outputs.
                unsafe { self.finish(arch, rows.channels, (channel + v * A::WIDTH32, target), sum) }
            }
        }
    }

    /// All channels of one pixel, where several read the same input channel; 1.
    ///
    /// # Safety
    /// As [`PixelTiles::some_pixels`].
    #[inline(always)]
    unsafe fn channels_apart<A: Reals>(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize {
        for channel in (0..rows.channels).step_by(A::WIDTH32) {
            let count = A::WIDTH32.min(rows.channels - channel);
            let mut sum = arch.splat_f32(0.0);
            for tap_y in pixels.down.clone() {
                let mut source = pixels.source.wrapping_add(rows.tap_row(pixels, tap_y));
                for tap_x in pixels.across.clone() {
                    let mut lanes = [0.0; LANES];
                    for (lane, value) in lanes[..count].iter_mut().enumerate() {
                        // SAFETY: the tap is inside the image, and so is the channel.
                        *value = unsafe { source.add((channel + lane) / self.multiplier).read() };
                    }
                    let tap = (tap_y * rows.window.taps[1] + tap_x) * self.stride + channel;
                    // SAFETY: sixteen lanes; weights were asserted to have whole vectors for all taps.
                    unsafe {
                        let x = arch.load_f32(lanes.as_ptr());
                        sum = arch.mul_add_f32(sum, x, arch.load_f32(self.values.as_ptr().add(tap)));
                    }
                    source = source.wrapping_add(rows.tap_step());
                }
            }
            // SAFETY: the caller vouches for the outputs.
            unsafe { self.finish(arch, rows.channels, (channel, pixels.target), sum) }
        }
        1
    }

    /// Adds the biases to a vector of sums, clamps and stores them: the channels from the first on of the pixel at the address.
    ///
    /// # Safety
    /// The pixel's channels are writable, in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn finish<A: Reals>(&self, arch: A, channels: usize, (channel, pixel): (usize, *mut f32), sum: A::F32) {
        let bias = self.values.as_ptr().wrapping_add(self.taps * self.stride + channel);
        let target = pixel.wrapping_add(channel);
        let [low, high] = self.range;
        // SAFETY: biases were asserted to stand behind the weights, up to whole vectors; the caller vouches for the outputs.
        unsafe {
            let value = arch.one_nan_f32(arch.add_f32(sum, arch.load_f32(bias)));
            let value = arch.clamp_f32(value, [arch.splat_f32(low), arch.splat_f32(high)]);
            match channels - channel {
                left if left >= A::WIDTH32 => arch.store_f32(target, value),
                left => arch.store_first_f32(target, value, left),
            }
        }
    }
}
