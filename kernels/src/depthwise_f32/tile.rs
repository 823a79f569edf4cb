//! The tiles, written once for every instruction set.
//!
//! A tile is `P` neighbouring pixels of a span times `V` registers of channels: `P · V` sums, at most eight, so that as many chains
//! of fused products are in flight; beside them `V` registers of weights and one of an input, which suits sixteen registers.
//!
//! ```text
//! for each tap inside, rows first:  w[v] = weights of the tap
//!     sum[p][v] += x[p][v] · w[v]   fused
//! out = clamp(sum + bias)                 with dynamic range:  clamp(sum · (scale of weights · scale of the image) + bias)
//! ```
//!
//! Where three neighbouring columns are inside, as in nearly all of a 3x3 convolution, the window *slides* over a row of inputs: each
//! is loaded once and multiplied by the weights of all columns that meet it. A pixel meets its inputs from left to right, so that the
//! order of its products stays. Beside eight sums there are three registers of weights and one of an input.

use alloc::vec::Vec;

use crate::activation_scale::ActivationScale;
use crate::arch::{Kernel, LANES, Reals};
use crate::window_rows::{PixelTiles, Pixels, TaskRows, WindowRows};

/// Columns of the windows that slide.
const SLIDING: usize = 3;

/// Weights and biases.
pub(super) struct Weights {
    /// For each tap the weights of all channels, up to whole vectors of any width; then the biases, and the scales if there are any.
    pub(super) values: Vec<f32>,
    /// From one tap to the next.
    pub(super) stride: usize,
    pub(super) taps: usize,
    /// Output channels of an input channel.
    pub(super) multiplier: usize,
    /// Whether sums are scaled before the biases are added.
    pub(super) is_scaled: bool,
    /// Of the outputs.
    pub(super) range: [f32; 2],
}

impl Weights {
    /// Rows of as many values as there are channels.
    pub(super) fn rows(taps: usize, is_scaled: bool) -> usize {
        taps + 1 + usize::from(is_scaled)
    }
}

/// The rows of a task.
pub(super) struct Work<'a> {
    pub(super) rows: &'a WindowRows,
    pub(super) task: TaskRows,
    pub(super) weights: &'a Weights,
    /// How the activations of each image were quantized; empty where sums are not scaled.
    pub(super) scales: &'a [[u8; ActivationScale::BYTES]],
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
        let Weights { values, stride, taps, is_scaled, .. } = work.weights;
        let needed = Weights::rows(*taps, *is_scaled) * stride;
        assert!(values.len() >= needed && *stride >= work.rows.channels, "weights of {}", values.len());
        // SAFETY: the caller's promise.
        unsafe { work.rows.run(arch, &work.task, work) }
    }
}

impl<A: Reals> PixelTiles<A> for Work<'_> {
    #[inline(always)]
    unsafe fn some_pixels(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize {
        // SAFETY: the caller's promise; as many pixels are left.
        unsafe {
            let slides = rows.window.taps[1] == SLIDING && pixels.across.len() == SLIDING;
            let slides = slides && [rows.window.dilation[1], rows.window.stride[1]] == [1, 1];
            match (self.weights.multiplier, pixels.left, slides) {
                (1, 8.., true) => self.channels_sliding::<A, 8>(arch, rows, pixels),
                (1, 4.., true) => self.channels_sliding::<A, 4>(arch, rows, pixels),
                (1, 8.., _) => self.channels::<A, 8, 1>(arch, rows, pixels),
                (1, 4.., _) => self.channels::<A, 4, 2>(arch, rows, pixels),
                (1, 2.., _) => self.channels::<A, 2, 4>(arch, rows, pixels),
                (1, ..) => self.channels::<A, 1, 4>(arch, rows, pixels),
                _ => self.channels_apart(arch, rows, pixels),
            }
        }
    }
}

impl Work<'_> {
    /// The channels of `P` pixels, `V` vectors at a time and then one by one; `P`.
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

    /// The channels of `P` neighbouring pixels whose windows slide; `P`.
    ///
    /// # Safety
    /// As [`Weights::channels`]; all columns of the window are inside.
    #[inline(always)]
    unsafe fn channels_sliding<A: Reals, const P: usize>(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize {
        for channel in pixels.channels.clone().step_by(A::WIDTH32) {
            let mut sums = [[arch.splat_f32(0.0); 1]; P];
            for tap_y in pixels.down.clone() {
                let mut source = pixels.source.wrapping_add(rows.tap_row(pixels, tap_y) + channel);
                let weights =
                    self.weights.values.as_ptr().wrapping_add(tap_y * SLIDING * self.weights.stride + channel);
                let mut taps = [arch.splat_f32(0.0); SLIDING];
                for (column, tap) in taps.iter_mut().enumerate() {
                    // SAFETY: weights were asserted to have whole vectors for all taps.
                    *tap = unsafe { arch.load_f32(weights.add(column * self.weights.stride)) };
                }
                for at in 0..P - 1 + SLIDING {
                    // SAFETY: the first pixel's first column and the last one's last are inside the image, and the caller vouches
                    // for what a vector reads beyond.
                    let x = unsafe { arch.load_f32(source) };
                    for (column, &tap) in taps.iter().enumerate() {
                        let first = at.wrapping_sub(column);
                        if first < P {
                            let sum = &mut sums[first][0];
                            *sum = arch.mul_add_f32(*sum, x, tap);
                        }
                    }
                    source = source.wrapping_add(rows.input.pixel_stride);
                }
            }
            // SAFETY: the caller vouches for the outputs.
            unsafe { self.finish_tile(arch, rows, (channel, pixels), sums) }
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
            let mut weights = self.weights.values.as_ptr().wrapping_add(tap * self.weights.stride + channel);
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
                weights = weights.wrapping_add(self.weights.stride);
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { self.finish_tile(arch, rows, (channel, pixels), sums) }
    }

    /// [`Work::finish`] of a tile whose first channel and pixel these are.
    ///
    /// # Safety
    /// As [`Work::finish`], for each of the pixels.
    #[inline(always)]
    unsafe fn finish_tile<A: Reals, const P: usize, const V: usize>(
        &self,
        arch: A,
        rows: &WindowRows,
        (channel, pixels): (usize, &Pixels),
        sums: [[A::F32; V]; P],
    ) {
        let scale = self.scale(pixels.image);
        for (pixel, sums) in sums.into_iter().enumerate() {
            let target = pixels.target.wrapping_add(pixel * rows.pixel_stride);
            for (v, sum) in sums.into_iter().enumerate() {
                // SAFETY: the caller vouches for the outputs.
                unsafe { self.finish(arch, rows.channels, (channel + v * A::WIDTH32, target), (sum, scale)) }
            }
        }
    }

    /// The channels of one pixel, where several read the same input channel; 1.
    ///
    /// # Safety
    /// As [`PixelTiles::some_pixels`].
    #[inline(always)]
    unsafe fn channels_apart<A: Reals>(&self, arch: A, rows: &WindowRows, pixels: &Pixels) -> usize {
        for channel in pixels.channels.clone().step_by(A::WIDTH32) {
            let count = A::WIDTH32.min(rows.channels - channel);
            let mut sum = arch.splat_f32(0.0);
            for tap_y in pixels.down.clone() {
                let mut source = pixels.source.wrapping_add(rows.tap_row(pixels, tap_y));
                for tap_x in pixels.across.clone() {
                    let mut lanes = [0.0; LANES];
                    for (lane, value) in lanes[..count].iter_mut().enumerate() {
                        // SAFETY: the tap is inside the image, and so is the channel.
                        *value = unsafe { source.add((channel + lane) / self.weights.multiplier).read() };
                    }
                    let tap = (tap_y * rows.window.taps[1] + tap_x) * self.weights.stride + channel;
                    // SAFETY: sixteen lanes; weights were asserted to have whole vectors for all taps.
                    unsafe {
                        let x = arch.load_f32(lanes.as_ptr());
                        sum = arch.mul_add_f32(sum, x, arch.load_f32(self.weights.values.as_ptr().add(tap)));
                    }
                    source = source.wrapping_add(rows.tap_step());
                }
            }
            // SAFETY: the caller vouches for the outputs.
            unsafe { self.finish(arch, rows.channels, (channel, pixels.target), (sum, self.scale(pixels.image))) }
        }
        1
    }

    /// That of an image's activations, where sums are scaled.
    #[inline(always)]
    fn scale(&self, image: usize) -> f32 {
        self.scales.get(image).map_or(1.0, |&bytes| ActivationScale::of_bytes(bytes).scale)
    }

    /// Scales a vector of sums if they are to be, adds the biases, clamps and stores them: the channels from the first on of the pixel at the address.
    ///
    /// # Safety
    /// The pixel's channels are writable, in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn finish<A: Reals>(
        &self,
        arch: A,
        channels: usize,
        (channel, pixel): (usize, *mut f32),
        (mut sum, scale): (A::F32, f32),
    ) {
        let Weights { values, stride, taps, is_scaled, range, .. } = self.weights;
        let bias = values.as_ptr().wrapping_add(taps * stride + channel);
        let target = pixel.wrapping_add(channel);
        let [low, high] = *range;
        // SAFETY: biases and scales were asserted to stand behind the weights, up to whole vectors; the caller vouches for the outputs.
        unsafe {
            if *is_scaled {
                let of_weights = arch.load_f32(bias.wrapping_add(*stride));
                sum = arch.mul_f32(sum, arch.mul_f32(of_weights, arch.splat_f32(scale)));
            }
            let value = arch.one_nan_f32(arch.add_f32(sum, arch.load_f32(bias)));
            let value = arch.clamp_f32(value, [arch.splat_f32(low), arch.splat_f32(high)]);
            match channels - channel {
                left if left >= A::WIDTH32 => arch.store_f32(target, value),
                left => arch.store_first_f32(target, value, left),
            }
        }
    }
}
