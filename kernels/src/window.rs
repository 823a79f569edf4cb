//! Sliding windows over images: geometry, and which taps fall inside.
//!
//! Padding contributes nothing, so kernels skip it. Along one axis, outputs that see the same taps
//! form a `Span`; the product of a row span and a column span is a *border class*, inside which
//! every output does the same work.

use alloc::vec::Vec;
use core::ops::Range;

/// An NHWC image, or a range of channels of a wider one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// N.
    pub batch: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
    /// C.
    pub channels: usize,
    /// Bytes from one pixel to the next; at least `channels`. Rows and images follow densely.
    pub pixel_stride: usize,
}

impl Image {
    /// An image whose pixels follow each other without gaps.
    pub fn dense(batch: usize, height: usize, width: usize, channels: usize) -> Self {
        Self { batch, height, width, channels, pixel_stride: channels }
    }

    /// Number of pixels of all images.
    pub fn pixels(&self) -> usize {
        self.batch * self.height * self.width
    }

    /// Bytes from the first value to just past the last.
    pub fn span_bytes(&self) -> usize {
        match self.pixels() {
            0 => 0,
            pixels => (pixels - 1) * self.pixel_stride + self.channels,
        }
    }
}

/// Which pixels of an output image the outputs of a convolution are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputGrid {
    /// The first output's pixel.
    pub(crate) first: usize,
    /// Pixels from one output to the next across.
    pub(crate) step: usize,
    /// Pixels from one output to the next down.
    pub(crate) row: usize,
    /// Pixels from one image to the next.
    pub(crate) image: usize,
}

impl OutputGrid {
    /// All pixels of an image of this height and width.
    pub(crate) fn dense([height, width]: [usize; 2]) -> Self {
        Self { first: 0, step: 1, row: width, image: height * width }
    }

    /// The pixel of an output.
    pub(crate) fn pixel(&self, image: usize, y: usize, x: usize) -> usize {
        self.first + image * self.image + y * self.row + x * self.step
    }
}

/// The geometry of a convolution or pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Taps down and across.
    pub taps: [usize; 2],
    /// Input pixels from one output to the next, down and across; at least 1.
    pub stride: [usize; 2],
    /// Input pixels from one tap to the next, down and across; at least 1.
    pub dilation: [usize; 2],
    /// Rows of padding above and columns to the left of the image.
    pub pad_before: [usize; 2],
}

impl Window {
    /// A window of one pixel.
    pub const POINT: Self = Self { taps: [1; 2], stride: [1; 2], dilation: [1; 2], pad_before: [0; 2] };

    /// How many taps of all windows together lie inside an image of this height and width, for so many windows down and
    /// across: what is left of windows times taps without the padding.
    pub fn taps_inside(&self, input: [usize; 2], outputs: [usize; 2]) -> u64 {
        let axis = |axis: usize| -> u64 {
            let (stride, pad) = (self.stride[axis], self.pad_before[axis]);
            let taps = (0..self.taps[axis]).map(|tap| {
                // Windows before `first` have this tap above or left of the image, those from `end` on below or right.
                let at = tap.saturating_mul(self.dilation[axis]);
                let first = pad.saturating_sub(at).div_ceil(stride);
                let end = (input[axis] + pad).saturating_sub(at).div_ceil(stride).min(outputs[axis]);
                end.saturating_sub(first) as u64
            });
            taps.sum()
        };
        axis(0).saturating_mul(axis(1))
    }

    /// The input pixel (row, column) of the first tap inside, for the first output of a border class: of the spans down and across.
    /// The first pixel where no tap is inside.
    pub(crate) fn first_inside(&self, spans: [&Span; 2]) -> [usize; 2] {
        if spans.iter().any(|span| span.taps.is_empty()) {
            return [0; 2];
        }
        [0, 1].map(|axis| {
            let Span { outputs, taps } = spans[axis];
            outputs.start * self.stride[axis] + taps.start * self.dilation[axis] - self.pad_before[axis]
        })
    }

    /// The taps of one axis (0: down, 1: across) that lie inside an image of this extent for one output; may be empty where
    /// padding is wider than the window.
    #[inline(always)]
    pub(crate) fn taps_at(&self, axis: usize, input: usize, output: usize) -> Range<usize> {
        let (dilation, pad, origin) = (self.dilation[axis], self.pad_before[axis], output * self.stride[axis]);
        let first = pad.saturating_sub(origin).div_ceil(dilation).min(self.taps[axis]);
        let end = (input + pad).saturating_sub(origin).div_ceil(dilation).min(self.taps[axis]);
        first..end.max(first)
    }
}

/// Consecutive outputs along one axis that have the same taps inside the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Output positions.
    pub(crate) outputs: Range<usize>,
    /// Taps in range; may be empty where padding is wider than the window.
    pub(crate) taps: Range<usize>,
}

/// Splits `outputs` positions of one axis (0: down, 1: across) into spans, in order.
pub(crate) fn spans(window: &Window, axis: usize, input: usize, outputs: usize) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for output in 0..outputs {
        let taps = window.taps_at(axis, input, output);
        match spans.last_mut() {
            Some(span) if span.taps == taps => span.outputs.end = output + 1,
            _ => spans.push(Span { outputs: output..output + 1, taps }),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_say_which_taps_are_inside() {
        for taps in 1..=5 {
            for stride in 1..=3 {
                for dilation in 1..=3 {
                    for pad in 0..=6 {
                        for input in 1..=7 {
                            let window = Window {
                                taps: [taps; 2],
                                stride: [stride; 2],
                                dilation: [dilation; 2],
                                pad_before: [pad; 2],
                            };
                            let outputs = input + 3;
                            let spans = spans(&window, 0, input, outputs);
                            let counted: usize = spans.iter().map(|span| span.outputs.len() * span.taps.len()).sum();
                            let inside = window.taps_inside([input; 2], [outputs; 2]);
                            assert_eq!(inside, (counted * counted) as u64, "{window:?} {input}");
                            let mut next = 0;
                            for span in spans {
                                assert_eq!(span.outputs.start, next);
                                next = span.outputs.end;
                                for output in span.outputs {
                                    for tap in 0..taps {
                                        let at = (output * stride + tap * dilation) as isize - pad as isize;
                                        let inside = (0..input as isize).contains(&at);
                                        assert_eq!(inside, span.taps.contains(&tap), "{window:?} {output} {tap}");
                                    }
                                }
                            }
                            assert_eq!(next, outputs);
                        }
                    }
                }
            }
        }
    }
}
