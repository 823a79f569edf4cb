//! Patches: squares of outputs that are computed together, and where they lie.

use core::ops::Range;

use super::super::spec::ConvSpec;
use crate::window::Image;

/// Outputs of a patch along an axis.
pub(super) const SIDE: usize = 4;
/// Pixels that they depend on along an axis.
pub(super) const SPAN: usize = SIDE + 2;
/// Points, at which transformed inputs and weights are multiplied.
pub(super) const POINTS: usize = SPAN * SPAN;

/// A patch of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Patch {
    /// The image.
    image: usize,
    /// The pixel of its first tap, down and across, counted from the padding's first.
    first: [usize; 2],
    /// The first output's pixel.
    pub(super) pixel: usize,
    /// Outputs inside the image, down and across.
    pub(super) inside: [usize; 2],
}

/// The patches of a convolution: rows of them, image by image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patches {
    output: [usize; 2],
    /// Patches down and across an image.
    counts: [usize; 2],
    batch: usize,
}

impl Patches {
    pub(super) fn new(spec: &ConvSpec<'_>) -> Self {
        Self { output: spec.output, counts: spec.output.map(|n| n.div_ceil(SIDE)), batch: spec.input.batch }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.batch * self.counts[0] * self.counts[1]
    }

    /// Output pixels from a row to the next.
    pub(super) fn row_pixels(&self) -> usize {
        self.output[1]
    }

    /// Output pixels of all images.
    pub(super) fn pixels(&self) -> usize {
        self.batch * self.output[0] * self.output[1]
    }

    /// Fills in the patches of a range.
    pub(super) fn locate(&self, range: Range<usize>, patches: &mut [Patch]) {
        let [down, across] = self.counts;
        for (index, patch) in range.zip(patches) {
            let image = index / (down * across);
            let first = [SIDE * (index / across % down), SIDE * (index % across)];
            let pixel = (image * self.output[0] + first[0]) * self.output[1] + first[1];
            let inside = [0, 1].map(|axis| SIDE.min(self.output[axis] - first[axis]));
            *patch = Patch { image, first, pixel, inside };
        }
    }
}

/// The pixels that patches depend on.
pub(super) struct Source<'a> {
    /// The first pixel.
    pub(super) start: *const u8,
    pub(super) image: Image,
    pub(super) pad_before: [usize; 2],
    /// A pixel of zero points.
    pub(super) padding: &'a [u8],
}

impl Source<'_> {
    /// The addresses of a patch's pixels, row by row; those of the padding's pixel for what lies outside the image.
    pub(super) fn pixels(&self, patch: &Patch) -> [*const u8; POINTS] {
        let Image { height, width, pixel_stride, .. } = self.image;
        let mut pixels = [self.padding.as_ptr(); POINTS];
        // What lies above or left of the image wraps, and is beyond it.
        let [top, left] = [0, 1].map(|axis| patch.first[axis].wrapping_sub(self.pad_before[axis]));
        if top < height && left < width && top + SPAN <= height && left + SPAN <= width {
            let first = self.start.wrapping_add(((patch.image * height + top) * width + left) * pixel_stride);
            for (index, pixel) in pixels.iter_mut().enumerate() {
                *pixel = first.wrapping_add((index / SPAN * width + index % SPAN) * pixel_stride);
            }
            return pixels;
        }
        for (row, pixels) in pixels.chunks_exact_mut(SPAN).enumerate() {
            let y = top.wrapping_add(row);
            if y >= height {
                continue;
            }
            let of_row = self.start.wrapping_add((patch.image * height + y) * width * pixel_stride);
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let x = left.wrapping_add(column);
                if x < width {
                    *pixel = of_row.wrapping_add(x * pixel_stride);
                }
            }
        }
        pixels
    }
}
