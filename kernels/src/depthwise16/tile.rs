//! The loops, written once for every instruction set: some output pixels, all channels.

use core::ops::Range;

use crate::arch::{LANES, Pairs16};
use crate::requantize16::Ending16;
use crate::window::{Image, Window};

/// Taps whose sums surely fit 32 bits.
const BUDGET: usize = (1 << 31) / (128 * 32768) - 1;

/// Sixteen channels: weights and end.
pub(super) struct Panel {
    /// A vector for each tap: 16 bits in the lower half of each lane, 0 in the upper.
    pub(super) weights: Vec<[i32; LANES]>,
    pub(super) ending: Ending16,
    /// First output channel.
    pub(super) first: usize,
    /// Channels, at most sixteen.
    pub(super) channels: usize,
    /// Input channel of each lane, as a distance from the pixel's first.
    pub(super) sources: [usize; LANES],
    /// Whether those are sixteen neighbours.
    pub(super) neighbours: bool,
}

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
    let (stride, dilation, pad) = (window.stride[axis], window.dilation[axis], window.pad_before[axis]);
    let origin = position * stride;
    let first = pad.saturating_sub(origin).div_ceil(dilation).min(window.taps[axis]);
    let end = (extent + pad).saturating_sub(origin).div_ceil(dilation).min(window.taps[axis]);
    (first..end.max(first), origin as isize - pad as isize)
}

/// Computes one block.
///
/// # Safety
/// As [`BlockFn`], in a function that enables the instruction set of `arch`.
#[inline(always)]
pub(super) unsafe fn run<A: Pairs16>(arch: A, block: &Block<'_>) {
    let [height, width] = block.output;
    for pixel in block.pixels.clone() {
        let (x, y, image) = (pixel % width, pixel / width % height, pixel / width / height);
        let (down, top) = inside(block, 0, y);
        let (across, left) = inside(block, 1, x);
        let image = image * block.input.height * block.input.width;
        for panel in block.panels {
            let (mut sums, mut totals) = (arch.splat(0), [0_i64; LANES]);
            let mut budget = BUDGET;
            for tap_y in down.clone() {
                let row = (top + (tap_y * block.window.dilation[0]) as isize) as usize * block.input.width;
                for tap_x in across.clone() {
                    let column = (left + (tap_x * block.window.dilation[1]) as isize) as usize;
                    let at = (image + row + column) * block.input.channels;
                    let weights = &panel.weights[tap_y * block.window.taps[1] + tap_x];
                    // SAFETY: the tap is inside the image; what is read beyond it the caller vouches for. Weights are
                    // sixteen.
                    unsafe {
                        let words = load(arch, block.source.add(at), panel);
                        sums = arch.add_words(sums, words, arch.load(weights.as_ptr()));
                    }
                    budget -= 1;
                    if budget == 0 {
                        // SAFETY: in a function that enables the instruction set.
                        unsafe { flush(arch, &mut sums, &mut totals) }
                        budget = BUDGET;
                    }
                }
            }
            // SAFETY: as above.
            unsafe { flush(arch, &mut sums, &mut totals) }
            let values = panel.ending.apply(arch, &totals);
            let target = block.target.wrapping_add(pixel * block.channels + panel.first);
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
unsafe fn load<A: Pairs16>(arch: A, pixel: *const i16, panel: &Panel) -> A::I32 {
    if panel.neighbours {
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

/// Moves 32-bit sums to the totals.
///
/// # Safety
/// In a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn flush<A: Pairs16>(arch: A, sums: &mut A::I32, totals: &mut [i64; LANES]) {
    let mut lanes = [0_i32; LANES];
    // SAFETY: the array has sixteen values.
    unsafe { arch.store(lanes.as_mut_ptr(), *sums) }
    for lane in 0..LANES {
        totals[lane] += i64::from(lanes[lane]);
    }
    *sums = arch.splat(0);
}
