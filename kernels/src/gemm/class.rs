//! Border classes: outputs that see the same taps, and where their K lies.

use alloc::vec::Vec;
use core::ops::Range;

use super::layout::Layout;
use super::order::{Order, SegmentKind};
use super::spec::ConvSpec;
use crate::window::{Span, spans};

/// A run of K that is contiguous in the activations of every row and in every panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Bytes from a row's pointer to the run.
    pub(crate) offset: u32,
    /// Activations in the run.
    pub(crate) bytes: u32,
    /// The run's first line within a panel.
    pub(crate) line: u32,
    /// Its lines: steps of four k, of which the last may be padding.
    pub(crate) lines: u32,
}

impl Segment {
    /// Steps of four k.
    pub(crate) fn steps(&self) -> usize {
        self.lines as usize
    }
}

/// Outputs in a rectangle (of every image) whose windows see the same taps.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// Output rows.
    pub(crate) down: Range<usize>,
    /// Output columns.
    pub(crate) across: Range<usize>,
    /// Input pixel (row, column) of the first tap inside, for the first output of the rectangle.
    pub(crate) first: [usize; 2],
    /// Where K lies.
    pub(crate) segments: Vec<Segment>,
    /// Which packing order the segments refer to.
    pub(crate) order: usize,
    /// Taps inside, down and across.
    pub(crate) taps: [Range<usize>; 2],
}

impl Class {
    fn new(spec: &ConvSpec<'_>, down: &Span, across: &Span, index: usize, order: &Order) -> Self {
        let taps = [down.taps.clone(), across.taps.clone()];
        let first = spec.window.first_inside([down, across]);
        let (down, across) = (down.outputs.clone(), across.outputs.clone());
        Self { down, across, first, segments: segments(spec, &taps, order), order: index, taps }
    }

    /// Outputs in the class, over all images.
    pub(crate) fn rows(&self, batch: usize) -> usize {
        batch * self.down.len() * self.across.len()
    }

    /// Bytes past a row's pointer that tiles of weights in a layout may read.
    pub(crate) fn reach(&self, layout: Layout) -> usize {
        self.segments.iter().map(|s| s.offset as usize + layout.reach(s.steps())).max().unwrap_or(0)
    }

    /// Steps of four k.
    pub(crate) fn steps(&self) -> usize {
        self.segments.iter().map(Segment::steps).sum()
    }
}

/// Most ranges of taps across for which weights of few channels are packed apart; they bound how much larger packed
/// weights can be than the weights.
const MAX_ORDERS: usize = 9;

/// The packing orders and border classes of a convolution.
pub(crate) fn classes(spec: &ConvSpec<'_>, layout: Layout) -> (Vec<Order>, Vec<Class>) {
    let window = &spec.window;
    let channels = spec.group_channels();
    let across = spans(window, 1, spec.input.width, spec.output[1]);
    let contiguous = window.dilation[1] == 1 && spec.groups == 1 && spec.input.pixel_stride == channels;
    let every_tap = 0..window.taps[1];
    let order = |segment, across| Order { layout, segment, across, down: window.taps[0], channels };
    let enters_anywhere = channels.is_multiple_of(layout.block());
    let mut orders: Vec<Order> = Vec::new();
    let mut order_of = Vec::new();
    for span in &across {
        let apart = channels <= 16 && across.len() <= MAX_ORDERS;
        let order = if !contiguous || !(enters_anywhere || apart) {
            order(SegmentKind::Tap, every_tap.clone())
        } else if enters_anywhere {
            order(SegmentKind::Row, every_tap.clone())
        } else {
            order(SegmentKind::Row, span.taps.clone())
        };
        let index = orders.iter().position(|known| *known == order).unwrap_or_else(|| {
            orders.push(order);
            orders.len() - 1
        });
        order_of.push(index);
    }
    let mut classes = Vec::new();
    for down in spans(window, 0, spec.input.height, spec.output[0]) {
        for (across, &order) in across.iter().zip(&order_of) {
            classes.push(Class::new(spec, &down, across, order, &orders[order]));
        }
    }
    (orders, classes)
}

/// The segments of the taps in range, one where they follow each other on both sides.
fn segments(spec: &ConvSpec<'_>, taps: &[Range<usize>; 2], order: &Order) -> Vec<Segment> {
    let pixel = spec.input.pixel_stride;
    let row = spec.input.width * pixel;
    let mut segments: Vec<Segment> = Vec::new();
    if taps.iter().any(Range::is_empty) {
        return segments;
    }
    let mut push = |offset: usize, bytes: usize, line: usize| {
        let lines = order.layout.lines(bytes) as u32;
        let (offset, bytes, line) = (offset as u32, bytes as u32, line as u32);
        match segments.last_mut() {
            Some(last)
                if last.bytes.is_multiple_of(order.layout.block() as u32)
                    && last.offset + last.bytes == offset
                    && last.line + last.lines == line =>
            {
                last.bytes += bytes;
                last.lines += lines;
            }
            _ => segments.push(Segment { offset, bytes, line, lines }),
        }
    };
    for tap_row in taps[0].clone() {
        let offset = (tap_row - taps[0].start) * spec.window.dilation[0] * row;
        match order.segment {
            SegmentKind::Row => {
                let skipped = (taps[1].start - order.across.start) * order.channels;
                let line = tap_row * order.segment_pitch() + skipped / 4;
                push(offset, taps[1].len() * order.channels, line);
            }
            SegmentKind::Tap => {
                for tap in taps[1].clone() {
                    let offset = offset + (tap - taps[1].start) * spec.window.dilation[1] * pixel;
                    let line = (tap_row * order.across.len() + tap - order.across.start) * order.segment_pitch();
                    push(offset, order.channels, line);
                }
            }
        }
    }
    segments
}
