//! The loops, written once for every instruction set: some output rows, all channels.
//!
//! A tile is `P` neighbouring pixels of a span times `V` registers of channels: `P · V` sums, at most eight, so that as many chains
//! of fused products are in flight; beside them `V` registers of weights and one of an input, which suits sixteen registers.
//!
//! ```text
//! for each tap inside, rows first:  w[v] = weights of the tap
//!     sum[p][v] += x[p][v] · w[v]   fused
//! out = clamp(sum + bias)
//! ```

use core::ops::Range;

use crate::arch::{Kernel, LANES, Reals};
use crate::window::{Image, Span, Window};

/// The shapes of a convolution; strides in elements.
pub(super) struct Shape {
    pub(super) input: Image,
    pub(super) window: Window,
    pub(super) output: [usize; 2],
    pub(super) channels: usize,
    /// Between output pixels.
    pub(super) pixel_stride: usize,
    /// Between the weights of taps: channels up to a whole number of vectors of any width.
    pub(super) tap_stride: usize,
    /// Output channels of an input channel.
    pub(super) multiplier: usize,
}

/// Some output rows.
pub(super) struct Rows<'a> {
    pub(super) shape: &'a Shape,
    pub(super) spans: &'a [Span],
    /// Of all taps, then the biases.
    pub(super) weights: &'a [f32],
    pub(super) range: [f32; 2],
    /// Output rows of all images.
    pub(super) rows: Range<usize>,
    pub(super) source: *const f32,
    pub(super) target: *mut f32,
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. The input, with `LANES - 1` elements more, is readable; the outputs of the rows are writable
/// and nobody else touches them.
pub(super) type RowsFn = unsafe fn(&Rows<'_>);

/// Neighbouring pixels of one output row.
struct Pixels {
    /// Taps inside, down and across.
    down: Range<usize>,
    across: Range<usize>,
    /// The first pixel's first channel of the first tap inside.
    source: *const f32,
    /// The first pixel's output.
    target: *mut f32,
}

/// The convolution of some rows.
pub(super) struct Convolve;

impl<A: Reals> Kernel<A> for Convolve {
    type Call<'a> = Rows<'a>;

    /// # Safety
    /// As [`RowsFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, rows: &Rows<'_>) {
        let Shape { input, window, output, pixel_stride, .. } = *rows.shape;
        let taps = window.taps[0] * window.taps[1];
        assert!(rows.weights.len() >= (taps + 1) * rows.shape.tap_stride, "weights of {}", rows.weights.len());
        for row in rows.rows.clone() {
            let (image, y) = (row / output[0], row % output[0]);
            let down = window.taps_at(0, input.height, y);
            let top = (y * window.stride[0] + down.start * window.dilation[0]).saturating_sub(window.pad_before[0]);
            for span in rows.spans {
                let across = span.taps.clone();
                let mut x = span.outputs.start;
                while x < span.outputs.end {
                    let left =
                        (x * window.stride[1] + across.start * window.dilation[1]).saturating_sub(window.pad_before[1]);
                    let at = ((image * input.height + top) * input.width + left) * input.pixel_stride;
                    let pixels = Pixels {
                        down: down.clone(),
                        across: across.clone(),
                        source: rows.source.wrapping_add(at),
                        target: rows.target.wrapping_add((row * output[1] + x) * pixel_stride),
                    };
                    // SAFETY: the caller's promise; as many pixels are left of the span.
                    x += unsafe { some_pixels(arch, rows, &pixels, span.outputs.end - x) };
                }
            }
        }
    }
}

/// All channels of the first pixels of those that are `left`; how many pixels.
///
/// # Safety
/// As [`RowsFn`]; the pixels are in a span, in a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn some_pixels<A: Reals>(arch: A, rows: &Rows<'_>, pixels: &Pixels, left: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        match (rows.shape.multiplier, left) {
            (1, 8..) => channels::<A, 8, 1>(arch, rows, pixels),
            (1, 4..) => channels::<A, 4, 2>(arch, rows, pixels),
            (1, _) => channels::<A, 1, 4>(arch, rows, pixels),
            _ => channels_apart(arch, rows, pixels),
        }
    }
}

/// All channels of `P` pixels, `V` vectors at a time and then one by one; `P`.
///
/// # Safety
/// As [`some_pixels`]; there is one output channel for each input channel.
#[inline(always)]
unsafe fn channels<A: Reals, const P: usize, const V: usize>(arch: A, rows: &Rows<'_>, pixels: &Pixels) -> usize {
    let mut channel = 0;
    while channel + V * A::WIDTH32 <= rows.shape.channels {
        // SAFETY: the caller's promise; as many channels are left.
        unsafe { tile::<A, P, V>(arch, rows, pixels, channel) }
        channel += V * A::WIDTH32;
    }
    while channel < rows.shape.channels {
        // SAFETY: the caller's promise.
        unsafe { tile::<A, P, 1>(arch, rows, pixels, channel) }
        channel += A::WIDTH32;
    }
    P
}

/// `P` pixels by `V` vectors of channels, of which the last may have less.
///
/// # Safety
/// As [`channels`].
#[inline(always)]
unsafe fn tile<A: Reals, const P: usize, const V: usize>(arch: A, rows: &Rows<'_>, pixels: &Pixels, channel: usize) {
    let Shape { input, window, tap_stride, .. } = *rows.shape;
    let step = window.stride[1] * input.pixel_stride;
    let mut sums = [[arch.splat_f32(0.0); V]; P];
    for tap_y in pixels.down.clone() {
        let down = (tap_y - pixels.down.start) * window.dilation[0] * input.width * input.pixel_stride;
        let mut source = pixels.source.wrapping_add(down + channel);
        let tap = tap_y * window.taps[1] + pixels.across.start;
        let mut weights = rows.weights.as_ptr().wrapping_add(tap * tap_stride + channel);
        for _ in pixels.across.clone() {
            // SAFETY: the tap is inside the image for each of the pixels, and the caller vouches for what a vector reads beyond.
            // Weights were asserted to have whole vectors for all taps.
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
            source = source.wrapping_add(window.dilation[1] * input.pixel_stride);
            weights = weights.wrapping_add(tap_stride);
        }
    }
    for (pixel, sums) in sums.into_iter().enumerate() {
        let target = pixels.target.wrapping_add(pixel * rows.shape.pixel_stride);
        for (v, sum) in sums.into_iter().enumerate() {
            // SAFETY: the caller vouches for the outputs.
            unsafe { finish(arch, rows, (channel + v * A::WIDTH32, target), sum) }
        }
    }
}

/// All channels of one pixel, where several read the same input channel; 1.
///
/// # Safety
/// As [`some_pixels`].
#[inline(always)]
unsafe fn channels_apart<A: Reals>(arch: A, rows: &Rows<'_>, pixels: &Pixels) -> usize {
    let Shape { input, window, channels, tap_stride, multiplier, .. } = *rows.shape;
    for channel in (0..channels).step_by(A::WIDTH32) {
        let mut sum = arch.splat_f32(0.0);
        for tap_y in pixels.down.clone() {
            for tap_x in pixels.across.clone() {
                let down = (tap_y - pixels.down.start) * window.dilation[0] * input.width;
                let pixel = down + (tap_x - pixels.across.start) * window.dilation[1];
                let source = pixels.source.wrapping_add(pixel * input.pixel_stride);
                let mut lanes = [0.0; LANES];
                for (lane, value) in lanes[..A::WIDTH32.min(channels - channel)].iter_mut().enumerate() {
                    // SAFETY: the tap is inside the image, and so is the channel.
                    *value = unsafe { source.add((channel + lane) / multiplier).read() };
                }
                let tap = (tap_y * window.taps[1] + tap_x) * tap_stride + channel;
                // SAFETY: sixteen lanes; weights were asserted to have whole vectors for all taps.
                unsafe {
                    let x = arch.load_f32(lanes.as_ptr());
                    sum = arch.mul_add_f32(sum, x, arch.load_f32(rows.weights.as_ptr().add(tap)));
                }
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { finish(arch, rows, (channel, pixels.target), sum) }
    }
    1
}

/// Adds the biases to a vector of sums, clamps and stores them: the channels from the first on of the pixel at the address.
///
/// # Safety
/// The pixel's channels are writable, in a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn finish<A: Reals>(arch: A, rows: &Rows<'_>, (channel, pixel): (usize, *mut f32), sum: A::F32) {
    let Shape { window, channels, tap_stride, .. } = *rows.shape;
    let bias = rows.weights.as_ptr().wrapping_add(window.taps[0] * window.taps[1] * tap_stride + channel);
    let target = pixel.wrapping_add(channel);
    let [low, high] = rows.range;
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
