//! The depthwise tile for any window, in products of 16-bit lanes.
//!
//! It is [`super::tile`] with multiplications that widen. Weights of nine bits are 16-bit lanes, and activations
//! are widened to them:
//!
//! ```text
//! sshll, sshll2; 4 smlal       for each tap and pixel
//! ```
//!
//! Where all weights lie within -127 and 127, two products fit a 16-bit lane, and taps are taken in pairs:
//!
//! ```text
//! smull, smlal, smull2, smlal2; 4 saddw        for each pair of taps and pixel
//! ```

use core::arch::aarch64::{int8x16_t, int16x8_t, vld1q_s8, vld1q_s16};

use super::classes::Tap;
use super::tile::{Tile, Tiles};
use crate::arch::{Arch, InstructionSet, Kernel, LANES, Neon, Wide};

/// The tiles for any window.
///
/// 32 registers: 4 pixels by four `q` of channels are 16 accumulators, the weights of a tap or two 2, the activations 2,
/// sums of products or widened activations 4.
pub(super) const TILES: Tiles = Tiles {
    direct: Neon::enter::<Words<false>>,
    multiplied: Neon::enter::<Words<true>>,
    weight_bits: 16,
    bytes: Some(Neon::enter::<Bytes>),
};

/// Output pixels of the inner loop.
const PIXELS: usize = 4;

/// The tile for weights of 16 bits; `MULTIPLIED` where output channels share input channels.
struct Words<const MULTIPLIED: bool>;

impl<const MULTIPLIED: bool> Kernel<Neon> for Words<MULTIPLIED> {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`super::tile::TileFn`], in a function that enables Advanced SIMD.
    #[inline(always)]
    unsafe fn run(arch: Neon, tile: &Tile<'_>) {
        let mut first = 0;
        // SAFETY: the caller's promise; groups lie within the tile.
        unsafe {
            while first + PIXELS <= tile.pixels {
                word_group::<PIXELS, MULTIPLIED>(arch, tile, first);
                first += PIXELS;
            }
            while first < tile.pixels {
                word_group::<1, MULTIPLIED>(arch, tile, first);
                first += 1;
            }
        }
    }
}

/// The tile for weights that are bytes, none of them -128.
struct Bytes;

impl Kernel<Neon> for Bytes {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`super::tile::TileFn`], in a function that enables Advanced SIMD.
    #[inline(always)]
    unsafe fn run(arch: Neon, tile: &Tile<'_>) {
        let mut first = 0;
        // SAFETY: the caller's promise; groups lie within the tile.
        unsafe {
            while first + PIXELS <= tile.pixels {
                byte_group::<PIXELS>(arch, tile, first);
                first += PIXELS;
            }
            while first < tile.pixels {
                byte_group::<1>(arch, tile, first);
                first += 1;
            }
        }
    }
}

/// # Safety
/// As [`super::tile::TileFn`], with `first + PIXELS` at most the tile's pixels.
#[inline(always)]
unsafe fn word_group<const PIXELS: usize, const MULTIPLIED: bool>(arch: Neon, tile: &Tile<'_>, first: usize) {
    // SAFETY: a bias has sixteen values.
    let mut sums = [unsafe { arch.load(tile.bias.0.as_ptr()) }; PIXELS];
    for tap in tile.taps {
        let weights = word_weights(tile, tap);
        let source = tile.input.wrapping_add(tap.offset + first * tile.input_step);
        for (pixel, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the caller vouches for sixteen bytes at each tap of each pixel.
            let bytes = unsafe { arch.load_wide(source.wrapping_add(pixel * tile.input_step)) };
            let bytes = if MULTIPLIED { arch.in_order(bytes, tile.order) } else { bytes };
            *sums = arch.add_products(*sums, bytes, weights);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { finish(arch, tile, first, sums) }
}

/// # Safety
/// As [`super::tile::TileFn`], with `first + PIXELS` at most the tile's pixels.
#[inline(always)]
unsafe fn byte_group<const PIXELS: usize>(arch: Neon, tile: &Tile<'_>, first: usize) {
    // SAFETY: a bias has sixteen values.
    let mut sums = [unsafe { arch.load(tile.bias.0.as_ptr()) }; PIXELS];
    let (pairs, rest) = tile.taps.as_chunks::<2>();
    for [a, b] in pairs {
        let weights = [byte_weights(tile, a), byte_weights(tile, b)];
        let one = tile.input.wrapping_add(a.offset + first * tile.input_step);
        let other = tile.input.wrapping_add(b.offset + first * tile.input_step);
        for (pixel, sums) in sums.iter_mut().enumerate() {
            let step = pixel * tile.input_step;
            // SAFETY: the caller vouches for sixteen bytes at each tap of each pixel.
            let bytes = unsafe { [arch.load_wide(one.wrapping_add(step)), arch.load_wide(other.wrapping_add(step))] };
            *sums = arch.add_two_products(*sums, bytes, weights);
        }
    }
    for tap in rest {
        let weights = byte_weights(tile, tap);
        let source = tile.input.wrapping_add(tap.offset + first * tile.input_step);
        for (pixel, sums) in sums.iter_mut().enumerate() {
            // SAFETY: as above.
            let bytes = unsafe { arch.load_wide(source.wrapping_add(pixel * tile.input_step)) };
            *sums = arch.add_byte_products(*sums, bytes, weights);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { finish(arch, tile, first, sums) }
}

#[inline(always)]
fn word_weights(tile: &Tile<'_>, tap: &Tap) -> [int16x8_t; 2] {
    // A line holds the weights of two taps.
    let line = &tile.weights[tap.index / 2];
    let words = line.0.as_ptr().cast::<i16>().wrapping_add(tap.index % 2 * LANES);
    // SAFETY: half a line has sixteen words.
    unsafe { [vld1q_s16(words), vld1q_s16(words.wrapping_add(LANES / 2))] }
}

#[inline(always)]
fn byte_weights(tile: &Tile<'_>, tap: &Tap) -> int8x16_t {
    // A line holds the weights of four taps.
    let line = &tile.weights[tap.index / 4];
    // SAFETY: a quarter of a line has sixteen bytes.
    unsafe { vld1q_s8(line.0.as_ptr().cast::<i8>().wrapping_add(tap.index % 4 * LANES)) }
}

/// Requantizes and stores.
///
/// # Safety
/// As [`super::tile::TileFn`], with `first + PIXELS` at most the tile's pixels.
#[inline(always)]
unsafe fn finish<const PIXELS: usize>(arch: Neon, tile: &Tile<'_>, first: usize, sums: [<Neon as Arch>::I32; PIXELS]) {
    const { assert!(PIXELS <= 4) };
    let clamp = arch.prepare_clamp(tile.requantizer.clamp());
    let scaled = tile.requantizer.scale(arch, sums);
    let mut four = [scaled[0]; 4];
    four[..PIXELS].copy_from_slice(&scaled);
    let bytes = arch.narrow(four, clamp);
    for (pixel, bytes) in bytes.into_iter().enumerate().take(PIXELS) {
        let target = tile.output.wrapping_add((first + pixel) * tile.output_step);
        // SAFETY: the caller vouches for the outputs.
        unsafe { arch.store_wide(target, bytes, tile.channels) }
    }
}
