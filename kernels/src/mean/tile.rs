//! The mean kernel, written once for every instruction set: sixteen channels of one image.
//!
//! Sixteen bytes are read where fewer channels exist; the rest is not stored.

use crate::arch::{Elements, Kernel};
use crate::requantize::Requantizer;

/// Sixteen channels of an image.
pub(super) struct Tile<'a> {
    /// Address of the first pixel, at the first channel.
    pub(super) input: *const u8,
    /// Bytes from one pixel to the next.
    pub(super) pixel_stride: usize,
    /// Pixels.
    pub(super) pixels: usize,
    /// What every sum starts with.
    pub(super) start: i32,
    /// From sums to outputs.
    pub(super) requantizer: &'a Requantizer,
    /// Address of the first output channel.
    pub(super) output: *mut u8,
    /// Channels to store, at most sixteen.
    pub(super) channels: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Sixteen bytes are readable at every pixel; the output is writable
/// for the tile's channels, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// The mean of one tile.
pub(super) struct Average;

impl<A: Elements> Kernel<A> for Average {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        // SAFETY: the caller vouches for sixteen bytes at every pixel.
        let sum = unsafe { arch.add_pixels(arch.splat(tile.start), tile.input, tile.pixel_stride, tile.pixels) };
        let [values] = tile.requantizer.apply(arch, [sum]);
        // SAFETY: the caller vouches for the output.
        unsafe { arch.store_bytes(tile.output, values, tile.channels) }
    }
}
