//! Border classes: outputs that see the same taps, with their K and folded bias.

use core::ops::Range;

use super::ConvSpec;
use super::excess::Addend;
use super::layout::Layout;
use super::pack::{Order, PanelSource, RunKind};
use super::tile::{Run, Segment};
use crate::arch::LANES;
use crate::window::{Span, spans};

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
    /// The segments as runs that are contiguous in the panels.
    pub(crate) runs: Vec<Run>,
    /// Which packing order the segments refer to.
    pub(crate) variant: usize,
    /// First entry in the folded biases: one for each panel.
    pub(crate) bias: usize,
    /// What the packed weights of each panel lack; empty where they are whole.
    pub(crate) addends: Vec<Vec<Addend>>,
    /// Taps inside.
    pub(crate) taps: [Range<usize>; 2],
    /// Where lines are joined: which streams those are in, and which units of them.
    pub(crate) streams: usize,
    pub(crate) units: Vec<Range<usize>>,
}

impl Class {
    /// Outputs in the class, over all images.
    pub(crate) fn rows(&self, batch: usize) -> usize {
        batch * self.down.len() * self.across.len()
    }

    /// Bytes past a row's pointer that tiles may read.
    pub(crate) fn reach(&self) -> usize {
        self.segments.iter().map(|s| s.offset as usize + 4 * s.steps()).max().unwrap_or(0)
    }

    /// Steps of four k.
    pub(crate) fn steps(&self) -> usize {
        self.segments.iter().map(Segment::steps).sum()
    }
}

/// Most ranges of taps across for which weights of few channels are packed apart; they bound how much larger packed
/// weights can be than the weights.
const MAX_VARIANTS: usize = 9;

/// The packing orders and border classes of a convolution.
pub(crate) fn classes(spec: &ConvSpec<'_>, layout: Layout) -> (Vec<Order>, Vec<Class>) {
    let window = &spec.window;
    let channels = spec.input.channels / spec.groups;
    let across = spans(window, 1, spec.input.width, spec.output[1]);
    let contiguous = window.dilation[1] == 1 && spec.groups == 1 && spec.input.pixel_stride == channels;
    let every_tap = 0..window.taps[1];
    let order = |run, across| Order { layout, run, across, down: window.taps[0], channels };
    let enters_anywhere = channels.is_multiple_of(layout.block());
    let mut orders: Vec<Order> = Vec::new();
    let mut variant_of = Vec::new();
    for span in &across {
        let apart = channels <= 16 && across.len() <= MAX_VARIANTS;
        let order = if !contiguous || !(enters_anywhere || apart) {
            order(RunKind::Tap, every_tap.clone())
        } else if enters_anywhere {
            order(RunKind::Row, every_tap.clone())
        } else {
            order(RunKind::Row, span.taps.clone())
        };
        let variant = orders.iter().position(|known| *known == order).unwrap_or_else(|| {
            orders.push(order);
            orders.len() - 1
        });
        variant_of.push(variant);
    }
    let mut classes = Vec::new();
    for down in spans(window, 0, spec.input.height, spec.output[0]) {
        for (across, &variant) in across.iter().zip(&variant_of) {
            classes.push(class(spec, &down, across, variant, &orders[variant]));
        }
    }
    (orders, classes)
}

fn class(spec: &ConvSpec<'_>, down: &Span, across: &Span, variant: usize, order: &Order) -> Class {
    let window = &spec.window;
    let taps = [down.taps.clone(), across.taps.clone()];
    let mut first = [0; 2];
    for (axis, span) in [down, across].into_iter().enumerate() {
        if !taps.iter().any(Range::is_empty) {
            let tap = span.taps.start * window.dilation[axis];
            first[axis] = span.outputs.start * window.stride[axis] + tap - window.pad_before[axis];
        }
    }
    let (down, across) = (down.outputs.clone(), across.outputs.clone());
    let segments = segments(spec, &taps, order);
    let runs = runs(&segments);
    Class {
        down,
        across,
        first,
        segments,
        runs,
        variant,
        bias: 0,
        addends: Vec::new(),
        taps,
        streams: 0,
        units: Vec::new(),
    }
}

/// The runs of K of the taps in range, merged where they follow each other on both sides.
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
        match order.run {
            RunKind::Row => {
                let skipped = (taps[1].start - order.across.start) * order.channels;
                let line = tap_row * order.run_lines() + skipped / 4;
                push(offset, taps[1].len() * order.channels, line);
            }
            RunKind::Tap => {
                for tap in taps[1].clone() {
                    let offset = offset + (tap - taps[1].start) * spec.window.dilation[1] * pixel;
                    let line = (tap_row * order.across.len() + tap - order.across.start) * order.run_lines();
                    push(offset, order.channels, line);
                }
            }
        }
    }
    segments
}

/// Joins segments whose lines follow each other.
fn runs(segments: &[Segment]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let line = segment.line as usize;
        match runs.last_mut() {
            Some(run) if run.line + run.lines == line => {
                run.segments.end = index + 1;
                run.lines += segment.steps();
            }
            _ => runs.push(Run { segments: index..index + 1, line, lines: segment.steps() }),
        }
    }
    runs
}

/// Σ(w - wz) over the input channels, `[O, KH * KW]`, of a part.
pub(crate) fn tap_sums(spec: &ConvSpec<'_>, part: usize) -> Vec<i32> {
    let weights = &spec.parts[part].weights;
    let channels = spec.input.channels / spec.groups;
    let runs = spec.parts[part].channels * spec.window.taps[0] * spec.window.taps[1];
    let zero = (channels as i32).wrapping_mul(weights.signed_zero());
    let run_sum =
        |run: usize| -> i32 { (run * channels..(run + 1) * channels).map(|at| i32::from(weights.signed(at))).sum() };
    (0..runs).map(|run| run_sum(run).wrapping_sub(zero)).collect()
}

/// Bias of a panel's columns with everything folded in that does not depend on the activations.
pub(crate) fn fold_bias(
    spec: &ConvSpec<'_>,
    source: PanelSource,
    tap_sums: &[i32],
    taps: &[Range<usize>; 2],
) -> [i32; LANES] {
    let [kernel_rows, kernel_columns] = spec.window.taps;
    let mut folded = [0i32; LANES];
    for (column, folded) in folded.iter_mut().enumerate().take(source.count) {
        let channel = source.first + column;
        let mut sum = 0i32;
        for row in taps[0].clone() {
            let first = (channel * kernel_rows + row) * kernel_columns;
            sum = tap_sums[first..][taps[1].clone()].iter().fold(sum, |sum, &tap| sum.wrapping_add(tap));
        }
        let bias = spec.parts[source.part].bias.get(channel).copied().unwrap_or(0);
        *folded = bias.wrapping_sub(sum.wrapping_mul(spec.input_zero));
    }
    folded
}
