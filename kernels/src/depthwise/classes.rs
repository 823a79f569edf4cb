//! Border classes and folded biases.

use alloc::vec::Vec;
use core::ops::Range;

use super::spec::DepthwiseSpec;
use crate::window::{Span, spans};

/// A tap inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    /// Bytes from the address of the class's first tap.
    pub(super) offset: usize,
    /// The tap's position in the window, counted row by row.
    pub(super) index: usize,
}

/// Outputs in a rectangle (of every image) whose windows see the same taps.
pub(super) struct Class {
    /// The class's position among all classes.
    pub(super) index: usize,
    /// Output columns.
    pub(super) across: Range<usize>,
    /// Input row and column of the first tap inside, for the first output of the rectangle.
    pub(super) first: [usize; 2],
    /// The taps inside.
    pub(super) taps: Vec<Tap>,
    /// Kernel rows and columns inside.
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

/// Output rows whose windows see the same kernel rows.
pub(super) struct Band {
    /// Output rows.
    pub(super) down: Range<usize>,
    /// The band's classes from left to right.
    pub(super) classes: Vec<Class>,
}

/// The border classes, band by band.
pub(super) fn bands(spec: &DepthwiseSpec<'_>) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    let mut index = 0;
    for down in spans(&spec.window, 0, spec.input.height, spec.output[0]) {
        let mut classes = Vec::new();
        for across in spans(&spec.window, 1, spec.input.width, spec.output[1]) {
            classes.push(class(spec, index, &down, &across));
            index += 1;
        }
        bands.push(Band { down: down.outputs, classes });
    }
    bands
}

fn class(spec: &DepthwiseSpec<'_>, index: usize, down: &Span, across: &Span) -> Class {
    let window = &spec.window;
    let pixel = spec.input.pixel_stride;
    let mut taps = Vec::new();
    for row in down.taps.clone() {
        for column in across.taps.clone() {
            let rows = (row - down.taps.start) * window.dilation[0];
            let columns = (column - across.taps.start) * window.dilation[1];
            let offset = (rows * spec.input.width + columns) * pixel;
            taps.push(Tap { offset, index: row * window.taps[1] + column });
        }
    }
    let first = window.first_inside([down, across]);
    Class { index, across: across.outputs.clone(), first, taps, rows: down.taps.clone(), columns: across.taps.clone() }
}

/// The biases of all classes, with the input zero point folded in for the taps inside.
pub(super) struct FoldedBiases {
    channels: usize,
    /// Classes, then channels.
    values: Vec<i32>,
}

impl FoldedBiases {
    pub(super) fn new(spec: &DepthwiseSpec<'_>, bands: &[Band]) -> Self {
        let classes = bands.iter().flat_map(|band| &band.classes);
        let of_class = |class: &Class| -> Vec<i32> {
            let of = |channel| spec.folded_bias_of(channel, class.rows.clone(), class.columns.clone());
            (0..spec.channels).map(of).collect()
        };
        Self { channels: spec.channels, values: classes.flat_map(of_class).collect() }
    }

    /// The bias of a class and channel.
    pub(super) fn get(&self, class: &Class, channel: usize) -> i32 {
        self.values[class.index * self.channels + channel]
    }

    /// A bound on the magnitude of every sum of `taps` products that begins with one of the biases, where no weight exceeds
    /// `largest_weight` in magnitude.
    pub(super) fn largest_sum(&self, taps: usize, largest_weight: i32) -> i64 {
        let bias = self.values.iter().map(|&value| i64::from(value).abs()).max().unwrap_or(0);
        bias + 255 * taps as i64 * i64::from(largest_weight)
    }
}
