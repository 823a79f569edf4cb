//! The depthwise tile for instruction sets that add up four products in a lane.
//!
//! Four taps of 64 channels are interleaved into four vectors of sixteen channels with four taps in
//! each lane, which one dot product apiece adds up. A quad of at most three taps leaves room for the
//! next output's last tap, so that two outputs can share what is interleaved, each with its own weights:
//!
//! ```text
//! for each group of outputs
//!     sums[outputs][4] = bias
//!     for each quad of taps
//!         for every SHARE outputs
//!             interleave the taps                   4 loads, 8 shuffles
//!             for each term of the weights          a second one only where nine bits are needed
//!                 SHARE x 4 dot products
//!     requantize, clamp, narrow, store 64 channels
//! ```
//!
//! On AVX-512 (`vpunpck`, `vpdpbusd`), 4 outputs by four vectors of channels are 16 accumulators, the interleaved taps 4 and
//! what comes between 8 of 32 registers; weights are operands in memory.
//!
//! Taps that a quad lacks read those that it has, and meet zero weights. Sixty-four bytes are read where
//! fewer channels exist; the rest is not stored.

use crate::arch::{Interleave, Kernel};
use crate::memory::Line;
use crate::requantize::{Lanes, Requantizer};

/// Vectors of sixteen channels that are computed together.
pub(super) const PARTS: usize = 4;
/// Lines of weights of a quad and term: two outputs that share times the parts.
pub(super) const LINES: usize = 2 * PARTS;

/// At most four neighbouring taps of a kernel row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TapQuad {
    /// Bytes from the address of the class's first tap.
    pub(super) offset: usize,
    /// Taps; at most three where outputs share.
    pub(super) taps: usize,
    /// Quads before this one in the weights, whose lines are terms, then outputs that share, then parts.
    pub(super) index: usize,
}

/// Neighbouring output pixels in up to 64 channels.
pub(super) struct QuadTile<'a> {
    /// Address of the first tap of the first pixel, at the first channel.
    pub(super) input: *const u8,
    /// Bytes of input from one output pixel to the next.
    pub(super) input_step: usize,
    /// Bytes from one tap of a quad to the next.
    pub(super) tap_step: usize,
    /// The class's taps.
    pub(super) quads: &'a [TapQuad],
    /// Weights.
    pub(super) lines: &'a [Line],
    /// Terms that add up to a weight.
    pub(super) terms: usize,
    /// Whether an output's second tap is the next output's first.
    pub(super) shares: bool,
    /// Folded bias.
    pub(super) bias: &'a [Lanes; PARTS],
    /// From sums to outputs.
    pub(super) requantizers: &'a [Requantizer; PARTS],
    /// Address of the first output pixel, at the first channel.
    pub(super) output: *mut u8,
    /// Bytes from one output pixel to the next.
    pub(super) output_step: usize,
    /// Output pixels.
    pub(super) pixels: usize,
    /// Channels to store, at most 64.
    pub(super) channels: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Sixty-four bytes are readable at every pixel's every tap; outputs
/// are writable for the pixels and channels of the tile, which nobody else touches.
pub(super) type QuadTileFn = unsafe fn(&QuadTile<'_>);

/// The sums of a tile, for weights of so many terms.
pub(super) struct ConvolveQuads<const TERMS: usize>;

impl<A: Interleave, const TERMS: usize> Kernel<A> for ConvolveQuads<TERMS> {
    type Call<'a> = QuadTile<'a>;

    /// # Safety
    /// As [`QuadTileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &QuadTile<'_>) {
        debug_assert!(tile.terms == TERMS);
        let mut first = 0;
        // SAFETY: the caller's promise; groups lie within the tile.
        unsafe {
            if tile.shares {
                while first + 4 <= tile.pixels {
                    group::<A, 4, 2, TERMS>(arch, tile, first);
                    first += 4;
                }
                if first + 2 <= tile.pixels {
                    group::<A, 2, 2, TERMS>(arch, tile, first);
                    first += 2;
                }
            } else {
                while first + 4 <= tile.pixels {
                    group::<A, 4, 1, TERMS>(arch, tile, first);
                    first += 4;
                }
            }
            while first < tile.pixels {
                group::<A, 1, 1, TERMS>(arch, tile, first);
                first += 1;
            }
        }
    }
}

/// # Safety
/// As [`QuadTileFn`], with `first + PIXELS` at most the tile's pixels.
#[inline(always)]
unsafe fn group<A: Interleave, const PIXELS: usize, const SHARE: usize, const TERMS: usize>(
    arch: A,
    tile: &QuadTile<'_>,
    first: usize,
) {
    debug_assert!(first + PIXELS <= tile.pixels && PIXELS.is_multiple_of(SHARE));
    let mut sums = [[arch.zero(); PARTS]; PIXELS];
    for quad in tile.quads {
        let first_line = quad.index * TERMS * LINES;
        let lines = tile.lines[first_line..first_line + TERMS * LINES].as_ptr();
        let source = tile.input.wrapping_add(quad.offset + first * tile.input_step);
        let last = quad.taps + SHARE - 2;
        for (pair, sums) in sums.chunks_exact_mut(SHARE).enumerate() {
            let source = source.wrapping_add(pair * SHARE * tile.input_step);
            let mut taps = [source; 4];
            for (index, tap) in taps.iter_mut().enumerate() {
                *tap = source.wrapping_add(index.min(last) * tile.tap_step);
            }
            // SAFETY: the caller vouches for 64 bytes at each tap.
            let interleaved = unsafe { arch.load_taps(taps) };
            for term in 0..TERMS {
                for (output, sums) in sums.iter_mut().enumerate() {
                    for (part, (sum, &taps)) in sums.iter_mut().zip(&interleaved).enumerate() {
                        let line = term * LINES + output * PARTS + part;
                        // SAFETY: the slice above holds the quad's lines.
                        let weights = unsafe { arch.load_weights(lines.add(line).cast()) };
                        *sum = arch.dot_taps(*sum, taps, weights);
                    }
                }
            }
        }
    }
    // One after the other by hand: a loop would keep sums in memory.
    let a = finish::<A, PIXELS>(arch, tile, 0, &sums);
    let b = finish::<A, PIXELS>(arch, tile, 1, &sums);
    let c = finish::<A, PIXELS>(arch, tile, 2, &sums);
    let d = finish::<A, PIXELS>(arch, tile, 3, &sums);
    for pixel in 0..PIXELS {
        let target = tile.output.wrapping_add((first + pixel) * tile.output_step);
        // SAFETY: the caller vouches for the outputs.
        unsafe { arch.store_parts(target, [a[pixel], b[pixel], c[pixel], d[pixel]], tile.channels) }
    }
}

/// The outputs of one part.
#[inline(always)]
fn finish<A: Interleave, const PIXELS: usize>(
    arch: A,
    tile: &QuadTile<'_>,
    part: usize,
    sums: &[[A::Sums; PARTS]; PIXELS],
) -> [A::I32; PIXELS] {
    // SAFETY: a bias has sixteen values.
    let mut lanes = [unsafe { arch.load(tile.bias[part].0.as_ptr()) }; PIXELS];
    for (lanes, sums) in lanes.iter_mut().zip(sums) {
        *lanes = arch.add(arch.lanes(sums[part]), *lanes);
    }
    tile.requantizers[part].apply(arch, lanes)
}
