//! The loops, written once for every instruction set: some output pixels, all channels.
//!
//! Neighbouring pixels of a row whose windows are inside the image from left to right share the loads of weights.

use alloc::vec::Vec;
use core::ops::Range;

use crate::arch::{Kernel, LANES, Pairs16};
use crate::requantize16::{Requantizer16, add_to_totals, lanes};
use crate::window::{Image, Window};

/// Taps whose sums surely fit 32 bits.
const BUDGET: usize = (1 << 31) / (128 * 32768) - 1;

/// Sixteen channels: weights and epilogue.
pub(super) struct Panel {
    /// [`Pairs16::TAP_STEP`] values for each tap.
    pub(super) weights: Vec<i16>,
    pub(super) epilogue: Requantizer16,
    /// First output channel.
    pub(super) first: usize,
    /// Channels, at most sixteen.
    pub(super) channels: usize,
    /// Input channel of each lane, as a distance from the pixel's first.
    pub(super) sources: [usize; LANES],
    /// Whether those are sixteen neighbours.
    pub(super) neighbours: bool,
}

/// Neighbouring output pixels that share weights: sixteen registers of sums where a vector takes four.
const SHARING: usize = 4;

/// Some output pixels.
pub(super) struct Block<'a> {
    pub(super) panels: &'a [Panel],
    pub(super) input: &'a Image,
    pub(super) window: &'a Window,
    pub(super) output: [usize; 2],
    pub(super) channels: usize,
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

/// The taps of one axis that lie inside the image for an output at `position`, and the pixel of tap 0.
#[inline(always)]
fn inside(block: &Block<'_>, axis: usize, position: usize) -> (Range<usize>, isize) {
    let window = block.window;
    let extent = if axis == 0 { block.input.height } else { block.input.width };
    let origin = (position * window.stride[axis]) as isize - window.pad_before[axis] as isize;
    (window.taps_at(axis, extent, position), origin)
}

/// The taps inside the image of some neighbouring output pixels, the same for all of them.
struct Covered {
    /// The first pixel of them.
    pixel: usize,
    down: Range<usize>,
    across: Range<usize>,
    /// Where the first pixel's first tap inside is.
    source: *const i16,
}

/// The convolution of a block.
pub(super) struct Convolve;

impl<A: Pairs16> Kernel<A> for Convolve {
    type Call<'a> = Block<'a>;

    /// # Safety
    /// As [`BlockFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, block: &Block<'_>) {
        let [height, width] = block.output;
        let neighbours = block.panels.iter().all(|panel| panel.neighbours);
        let mut pixel = block.pixels.start;
        while pixel < block.pixels.end {
            let (x, y, image) = (pixel % width, pixel / width % height, pixel / width / height);
            let (down, top) = inside(block, 0, y);
            let (across, left) = inside(block, 1, x);
            let row = top + (down.start * block.window.dilation[0]) as isize;
            let column = left + (across.start * block.window.dilation[1]) as isize;
            let row = (image * block.input.height) as isize + row;
            let at = (row * block.input.width as isize + column) * block.input.channels as isize;
            let covered = Covered { pixel, down, across, source: block.source.wrapping_offset(at) };
            let shared = neighbours && x + SHARING <= width && pixel + SHARING <= block.pixels.end && {
                let all = 0..block.window.taps[1];
                covered.across == all && inside(block, 1, x + SHARING - 1).0 == all
            };
            // SAFETY: the caller's promise; where pixels share weights, their channels are neighbours.
            unsafe {
                match (shared, neighbours) {
                    (true, _) => pixels::<A, SHARING, true>(arch, block, &covered),
                    (_, true) => pixels::<A, 1, true>(arch, block, &covered),
                    _ => pixels::<A, 1, false>(arch, block, &covered),
                }
            }
            pixel += if shared { SHARING } else { 1 };
        }
    }
}

/// Computes `N` neighbouring output pixels.
///
/// # Safety
/// As [`BlockFn`]; `NEIGHBOURS` says what all panels say.
#[inline(always)]
unsafe fn pixels<A: Pairs16, const N: usize, const NEIGHBOURS: bool>(arch: A, block: &Block<'_>, covered: &Covered) {
    let channels = block.input.channels;
    let [taps_y, taps_x] = block.window.taps;
    for panel in block.panels {
        assert!(panel.weights.len() >= taps_y * taps_x * A::TAP_STEP, "weights of {}", panel.weights.len());
        let (mut sums, mut totals) = ([arch.splat(0); N], [[0_i64; LANES]; N]);
        let (mut budget, mut flushed) = (BUDGET, false);
        let mut row = covered.source;
        for tap_y in covered.down.clone() {
            let (mut source, mut tap_x) = (row, covered.across.start);
            while tap_x < covered.across.end {
                let end = covered.across.end.min(tap_x + budget);
                budget -= end - tap_x;
                for tap in tap_y * taps_x + tap_x..tap_y * taps_x + end {
                    // SAFETY: the taps are inside the image; what is read beyond it the caller vouches for. The weights
                    // of all taps were asserted.
                    unsafe {
                        let weights = arch.load_tap(panel.weights.as_ptr().add(tap * A::TAP_STEP));
                        for (index, sum) in sums.iter_mut().enumerate() {
                            let pixel = source.add(index * block.window.stride[1] * channels);
                            *sum = arch.add_words(*sum, load::<A, NEIGHBOURS>(arch, pixel, panel), weights);
                        }
                    }
                    source = source.wrapping_add(block.window.dilation[1] * channels);
                }
                tap_x = end;
                if budget == 0 {
                    add_to_totals(&lanes(arch, &sums), &mut totals);
                    sums = [arch.splat(0); N];
                    (budget, flushed) = (BUDGET, true);
                }
            }
            row = row.wrapping_add(block.window.dilation[0] * block.input.width * channels);
        }
        let sums = lanes(arch, &sums);
        if flushed {
            add_to_totals(&sums, &mut totals);
        }
        for (index, (sums, totals)) in sums.iter().zip(&totals).enumerate() {
            let epilogue = &panel.epilogue;
            let values = if flushed { epilogue.apply(arch, totals) } else { epilogue.apply_narrow(arch, sums) };
            let target = block.target.wrapping_add((covered.pixel + index) * block.channels + panel.first);
            // SAFETY: the caller vouches for the outputs.
            unsafe { arch.store_words(target, values, panel.channels) }
        }
    }
}

/// The sixteen values that a panel reads of a pixel.
///
/// # Safety
/// The pixel's channels and fifteen values more are readable, in a function that enables the instruction set.
#[inline(always)]
unsafe fn load<A: Pairs16, const NEIGHBOURS: bool>(arch: A, pixel: *const i16, panel: &Panel) -> A::Words {
    if NEIGHBOURS {
        // SAFETY: the caller vouches for fifteen values past the last channel.
        return unsafe { arch.load_words(pixel.add(panel.sources[0])) };
    }
    let mut values = [0_i16; LANES];
    for (value, &source) in values.iter_mut().zip(&panel.sources) {
        // SAFETY: sources are channels of the pixel.
        *value = unsafe { pixel.add(source).read() };
    }
    // SAFETY: sixteen values.
    unsafe { arch.load_words(values.as_ptr()) }
}
