//! The depthwise tile, written once for every instruction set.
//!
//! A tile computes neighbouring output pixels of one row, all of one border class, in sixteen channels.
//! `PIXELS` accumulators stay in registers over all taps, so that a tap's weights are loaded once for
//! all of them:
//!
//! ```text
//! for each group of PIXELS outputs
//!     sums[PIXELS] = bias
//!     for each tap of the class
//!         load sixteen weights
//!         for each pixel: widen sixteen activations, multiply and add
//!     requantize, clamp, store
//! ```
//!
//! Weights have been unfolded to `w - wz` in nine bits and a sign; activations have eight. Sixteen
//! activations are read even where fewer channels exist; the rest meets zero weights and is not
//! stored.

use super::classes::Tap;
use crate::arch::{Arch, Kernel, LANES};
use crate::requantize::{Lanes, Requantizer};

/// Neighbouring output pixels in sixteen channels.
pub(super) struct Tile<'a> {
    /// Address of the first tap of the first pixel, at the block's first input channel.
    pub(super) input: *const u8,
    /// Bytes of input from one output pixel to the next.
    pub(super) input_step: usize,
    /// The class's taps.
    pub(super) taps: &'a [Tap],
    /// The block's weights: for each tap of the window sixteen integers of [`Tiles::weight_bits`] that follow one another.
    pub(super) weights: &'a [Lanes],
    /// Folded bias.
    pub(super) bias: &'a Lanes,
    /// Input channel of each lane; only read where output channels share input channels.
    pub(super) order: &'a [u8; LANES],
    /// From sums to outputs.
    pub(super) requantizer: &'a Requantizer,
    /// Address of the first output pixel, at the block's first channel.
    pub(super) output: *mut u8,
    /// Bytes from one output pixel to the next.
    pub(super) output_step: usize,
    /// Output pixels.
    pub(super) pixels: usize,
    /// Channels to store, at most sixteen.
    pub(super) channels: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Sixteen bytes are readable at every pixel's every tap; outputs
/// are writable for the pixels and channels of the tile, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// The tiles of an instruction set.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    /// One output channel for each input channel.
    pub(super) direct: TileFn,
    /// Several output channels for each input channel.
    pub(super) multiplied: TileFn,
    /// Bits of a packed weight for both.
    pub(super) weight_bits: usize,
    /// One output channel for each input channel, where all weights lie within -127 and 127 and are packed as bytes.
    pub(super) bytes: Option<TileFn>,
}

impl Tiles {
    /// The tiles of [`Convolve`] with so many pixels in the inner loop.
    pub(super) const fn of<A: Arch, const PIXELS: usize>() -> Self {
        Self {
            direct: A::enter::<Convolve<PIXELS, false>>,
            multiplied: A::enter::<Convolve<PIXELS, true>>,
            weight_bits: 32,
            bytes: None,
        }
    }
}

/// The sums of a tile, `PIXELS` outputs at a time; `MULTIPLIED` where output channels share input channels. Weights have 32
/// bits.
pub(super) struct Convolve<const PIXELS: usize, const MULTIPLIED: bool>;

impl<A: Arch, const PIXELS: usize, const MULTIPLIED: bool> Kernel<A> for Convolve<PIXELS, MULTIPLIED> {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        let mut first = 0;
        while first + PIXELS <= tile.pixels {
            // SAFETY: the caller's promise; the group lies within the tile.
            unsafe { group::<A, PIXELS, MULTIPLIED>(arch, tile, first) }
            first += PIXELS;
        }
        while first < tile.pixels {
            // SAFETY: as above.
            unsafe { group::<A, 1, MULTIPLIED>(arch, tile, first) }
            first += 1;
        }
    }
}

/// # Safety
/// As [`TileFn`], with `first + PIXELS` at most the tile's pixels.
#[inline(always)]
unsafe fn group<A: Arch, const PIXELS: usize, const MULTIPLIED: bool>(arch: A, tile: &Tile<'_>, first: usize) {
    debug_assert!(first + PIXELS <= tile.pixels);
    // SAFETY: a line has sixteen values.
    let mut sums = [unsafe { arch.load(tile.bias.0.as_ptr()) }; PIXELS];
    for tap in tile.taps {
        // SAFETY: as above.
        let weights = unsafe { arch.load(tile.weights[tap.index].0.as_ptr()) };
        let source = tile.input.wrapping_add(tap.offset + first * tile.input_step);
        for (pixel, sum) in sums.iter_mut().enumerate() {
            let source = source.wrapping_add(pixel * tile.input_step);
            // SAFETY: the caller vouches for sixteen bytes at each tap of each pixel.
            let activations = unsafe {
                if MULTIPLIED { arch.load_bytes_in_order(source, tile.order) } else { arch.load_bytes(source) }
            };
            *sum = arch.mul_add_i16(*sum, activations, weights);
        }
    }
    let mut output = tile.output.wrapping_add(first * tile.output_step);
    for values in tile.requantizer.apply(arch, sums) {
        // SAFETY: the caller vouches for the outputs.
        unsafe { arch.store_bytes(output, values, tile.channels) }
        output = output.wrapping_add(tile.output_step);
    }
}
