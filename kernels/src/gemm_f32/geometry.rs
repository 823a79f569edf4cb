//! Border classes, where their K lies, and where outputs find their first tap.

use alloc::vec::Vec;
use core::ops::Range;

use super::spec::ConvF32Spec;
use crate::window::{Image, Span, Window, spans};

/// A run of K that is contiguous in the activations of every row and in every panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Elements from a row's pointer to the run.
    pub(super) offset: usize,
    /// The run's first line within a panel.
    pub(super) line: usize,
    /// Elements of the run, and lines.
    pub(super) len: usize,
}

/// Outputs in a rectangle (of every image) whose windows see the same taps.
#[derive(Clone, Debug)]
pub(super) struct Class {
    down: Range<usize>,
    across: Range<usize>,
    /// Input pixel (row, column) of the first tap inside, for the first output of the rectangle.
    first: [usize; 2],
    /// Where K lies; none where padding is wider than the window.
    pub(super) segments: Vec<Segment>,
}

/// Where the windows of a convolution lie.
pub(super) struct Geometry {
    pub(super) input: Image,
    window: Window,
    output: [usize; 2],
    pub(super) classes: Vec<Class>,
}

impl Class {
    fn new(spec: &ConvF32Spec<'_>, down: &Span, across: &Span) -> Self {
        let taps = [down.taps.clone(), across.taps.clone()];
        let first = spec.window.first_inside([down, across]);
        Self { down: down.outputs.clone(), across: across.outputs.clone(), first, segments: segments(spec, &taps) }
    }

    /// Products of each output of a column.
    pub(super) fn depth(&self) -> usize {
        self.segments.iter().map(|segment| segment.len).sum()
    }
}

/// The segments of the taps in range, one where they follow each other on both sides.
fn segments(spec: &ConvF32Spec<'_>, taps: &[Range<usize>; 2]) -> Vec<Segment> {
    let (pixel, depth) = (spec.input.pixel_stride, spec.group_channels());
    let mut segments: Vec<Segment> = Vec::new();
    for y in taps[0].clone() {
        for x in taps[1].clone() {
            let from_first = |axis: usize, tap: usize| (tap - taps[axis].start) * spec.window.dilation[axis];
            let offset = (from_first(0, y) * spec.input.width + from_first(1, x)) * pixel;
            let line = (y * spec.window.taps[1] + x) * depth;
            match segments.last_mut() {
                Some(last) if last.offset + last.len == offset && last.line + last.len == line => last.len += depth,
                _ => segments.push(Segment { offset, line, len: depth }),
            }
        }
    }
    segments
}

/// What a tile needs to know of an output pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Address of the first tap inside, of the first channel.
    pub(super) input: *const f32,
    /// The output pixel.
    pub(super) pixel: usize,
}

impl Geometry {
    pub(super) fn new(spec: &ConvF32Spec<'_>) -> Self {
        let across = spans(&spec.window, 1, spec.input.width, spec.output[1]);
        let down = spans(&spec.window, 0, spec.input.height, spec.output[0]);
        let pairs = down.iter().flat_map(|down| across.iter().map(move |across| (down, across)));
        let classes = pairs.map(|(down, across)| Class::new(spec, down, across)).collect();
        Self { input: spec.input, window: spec.window, output: spec.output, classes }
    }

    /// Outputs of all images.
    pub(super) fn outputs(&self) -> usize {
        self.input.batch * self.output[0] * self.output[1]
    }

    /// Outputs of a class, over all images.
    pub(super) fn rows(&self, class: &Class) -> usize {
        self.input.batch * class.down.len() * class.across.len()
    }

    /// Finds the rows of a class from the `first`-th on. `base` is the first element of the input, or of a group's channels.
    pub(super) fn locate(&self, class: &Class, first: usize, base: *const f32, rows: &mut [Row]) {
        let (height, width) = (class.down.len(), class.across.len());
        for (index, row) in (first..).zip(rows) {
            let (image, y, x) = (index / width / height, index / width % height, index % width);
            let at_y = class.first[0] + y * self.window.stride[0];
            let at_x = class.first[1] + x * self.window.stride[1];
            let at = (image * self.input.height + at_y) * self.input.width + at_x;
            row.input = base.wrapping_add(at * self.input.pixel_stride);
            row.pixel = (image * self.output[0] + class.down.start + y) * self.output[1] + class.across.start + x;
        }
    }
}
