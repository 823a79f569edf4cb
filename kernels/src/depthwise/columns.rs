//! Which convolutions the sliding tile takes, and what it needs for them.
//!
//! It takes square windows of three or five taps without dilation, whose outputs are one or two columns
//! apart. Neighbouring pixels of up to 32 channels without gaps make a *wide pixel* where outputs are
//! neighbours as their inputs are; wide outputs then are two columns apart.

use super::DepthwiseSpec;
use super::column_tile::{ColumnTile, ColumnTileFn, MOST_FOLD, MOST_TAPS};
use super::pack::weight;
use super::quad_tile::PARTS;
use super::quads::{layers, split};
use super::slope;
use crate::arch::{FloatScale, INTERLEAVED, LANES};
use crate::memory::Line;
use crate::quantization::{OutputRange, Requantize};
use crate::requantize::{Lanes, Requantizer};

/// Most layers of weights.
pub(super) const MOST_LAYERS: usize = 2;

/// The instruction set's part in the sliding tile.
#[derive(Clone, Copy)]
pub(super) struct ColumnKernel {
    pub(super) name: &'static str,
    /// For three taps and five, one column from output to output and two, one layer of weights and two,
    /// requantization in integers and in floats.
    pub(super) tiles: [[[[ColumnTileFn; 2]; MOST_LAYERS]; 2]; 2],
    /// The channel of a lane of a part.
    pub(super) channel: fn(usize, usize) -> usize,
}

/// Up to 64 channels of a (wide) pixel.
struct Group {
    first: usize,
    count: usize,
    /// First line of weights.
    line: usize,
    /// Layers of weights.
    layers: usize,
    bias: [Lanes; PARTS],
    scaled: Option<FloatScale>,
    requantizers: [Requantizer; PARTS],
}

/// A convolution as the sliding tile wants it.
pub(super) struct Columns {
    kernel: ColumnKernel,
    /// For one layer of weights and two, requantization in integers and in floats.
    tiles: [[ColumnTileFn; 2]; MOST_LAYERS],
    taps: usize,
    fold: usize,
    pixel: usize,
    stride: usize,
    width: usize,
    groups: Vec<Group>,
    lines: Vec<Line>,
    padding: [u8; INTERLEAVED],
}

/// A row of outputs.
pub(super) struct OutputRow {
    /// For each tap of a column, the address of the row's first pixel; `None` outside.
    pub(super) rows: [Option<*const u8>; MOST_TAPS],
    /// Columns of padding to the left.
    pub(super) left: usize,
    /// Address of the first output pixel.
    pub(super) output: *mut u8,
    /// Bytes from one output pixel to the next.
    pub(super) output_step: usize,
    /// Output pixels.
    pub(super) pixels: usize,
}

impl Columns {
    /// A specification for the tile; `None` where it is not made for it.
    pub(super) fn new(kernel: ColumnKernel, spec: &DepthwiseSpec<'_>, range: OutputRange) -> Option<Self> {
        let [down, taps] = spec.window.taps;
        let square = down == taps && (taps == 3 || taps == 5) && spec.window.dilation == [1; 2];
        let stride = spec.window.stride[1];
        let channels = spec.channels;
        let zero = u8::try_from(spec.input_zero).ok()?;
        if !square || stride > 2 || channels != spec.input.channels {
            return None;
        }
        let dense = spec.input.pixel_stride == channels && spec.pixel_stride == channels;
        let fold = if dense && stride == 1 && channels <= INTERLEAVED / MOST_FOLD { MOST_FOLD } else { 1 };
        let mut columns = Self {
            kernel,
            tiles: kernel.tiles[usize::from(taps == 5)][stride * fold - 1],
            taps,
            fold,
            pixel: channels,
            stride: spec.input.pixel_stride,
            width: spec.input.width,
            groups: Vec::new(),
            lines: Vec::new(),
            padding: [zero; INTERLEAVED],
        };
        let largest = largest_sums(spec);
        for first in (0..fold * channels).step_by(INTERLEAVED) {
            let count = INTERLEAVED.min(fold * channels - first);
            let group = columns.group(spec, range, [first, count], &largest);
            if group.layers > MOST_LAYERS {
                return None;
            }
            columns.pack(spec, [first, count], group.layers);
            columns.groups.push(group);
        }
        Some(columns)
    }

    /// The channel in a lane of a group's part; `None` for padding.
    fn channel(&self, [first, count]: [usize; 2], part: usize, lane: usize) -> Option<usize> {
        let at = (self.kernel.channel)(part, lane);
        (at < count).then_some((first + at) % self.pixel)
    }

    fn group(&self, spec: &DepthwiseSpec<'_>, range: OutputRange, at: [usize; 2], largest: &[i64]) -> Group {
        let lanes = |part: usize| core::array::from_fn(|lane| self.channel(at, part, lane));
        let bias = |channel: Option<usize>| channel.map_or(0, |channel| folded_bias(spec, channel));
        let most = largest.iter().copied().max().unwrap_or(0);
        let requantizer = |part: usize| Requantizer::of_lanes(spec.requantize, range, lanes(part), most);
        let taps = self.taps * self.taps;
        let weights = (0..taps * at[1]).map(|index| weight(spec, index % taps, (at[0] + index / taps) % self.pixel));
        Group {
            first: at[0],
            count: at[1],
            line: self.lines.len(),
            layers: weights.map(layers).max().unwrap_or(1),
            bias: core::array::from_fn(|part| Lanes(lanes(part).map(bias))),
            scaled: self.scaled(spec, range, at, largest),
            requantizers: core::array::from_fn(requantizer),
        }
    }

    /// The requantization of a group in floats, where that is exact for all its channels.
    fn scaled(
        &self,
        spec: &DepthwiseSpec<'_>,
        range: OutputRange,
        at: [usize; 2],
        largest: &[i64],
    ) -> Option<FloatScale> {
        let Requantize::Fixed(multipliers) = spec.requantize else { return None };
        let [min, max] = [range.min, range.max].map(|bound| u8::try_from(bound).ok());
        let mut scaled = FloatScale {
            scale: [[0.0; LANES]; PARTS],
            offset: [[0.0; LANES]; PARTS],
            min: [min?; INTERLEAVED],
            max: [max?; INTERLEAVED],
        };
        for part in 0..PARTS {
            for lane in 0..LANES {
                let Some(channel) = self.channel(at, part, lane) else { continue };
                let multiplier = multipliers[if multipliers.len() == 1 { 0 } else { channel }];
                let (slope, offset) = slope::fit(multiplier, range, largest[channel])?;
                scaled.scale[part][lane] = slope;
                scaled.offset[part][lane] = offset;
            }
        }
        Some(scaled)
    }

    /// Packs the weights of one group.
    fn pack(&mut self, spec: &DepthwiseSpec<'_>, at: [usize; 2], layers: usize) {
        let (taps, quads) = (self.taps, self.taps.div_ceil(4));
        for index in 0..layers * quads * taps * PARTS {
            let (part, column) = (index % PARTS, index / PARTS % taps);
            let (quad, layer) = (index / PARTS / taps % quads, index / PARTS / taps / quads);
            let mut line = Line::ZERO;
            for lane in 0..LANES {
                let Some(channel) = self.channel(at, part, lane) else { continue };
                for row in (4 * quad..taps).take(4) {
                    let value = weight(spec, row * taps + column, channel);
                    line.0[4 * lane + row % 4] = split(value)[layer];
                }
            }
            self.lines.push(line);
        }
    }

    /// The kernel's name.
    pub(super) fn name(&self) -> &'static str {
        self.kernel.name
    }

    /// Bytes of packed weights and tables.
    pub(super) fn packed_bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.groups[..])
    }

    /// Bytes past the first channel of a pixel that tiles may read.
    pub(super) fn reach(&self) -> usize {
        self.groups.last().map_or(0, |group| group.first + INTERLEAVED)
    }

    /// Computes a row of outputs.
    ///
    /// # Safety
    /// The CPU has the instruction set; [`Columns::reach`] bytes are readable at every pixel of the
    /// rows, and the outputs are writable, which nobody else touches.
    pub(super) unsafe fn run(&self, row: &OutputRow) {
        let padding = self.padding.as_ptr();
        let rest = row.pixels % self.fold;
        for group in &self.groups {
            let last = if rest > 0 { group.count / self.fold * rest } else { group.count };
            let tile = ColumnTile {
                rows: row.rows.map(|start| start.map_or(padding, |start| start.wrapping_add(group.first))),
                steps: row.rows.map(|start| if start.is_some() { self.stride } else { 0 }),
                padding,
                first: -(row.left as isize),
                width: self.width,
                fold: self.fold,
                pixel: self.pixel,
                lines: &self.lines[group.line..],
                bias: &group.bias,
                scaled: group.scaled.as_ref(),
                requantizers: &group.requantizers,
                output: row.output.wrapping_add(group.first),
                output_step: self.fold * row.output_step,
                pixels: row.pixels.div_ceil(self.fold),
                channels: [last, group.count],
            };
            // SAFETY: the caller's promise.
            unsafe { (self.tiles[group.layers - 1][usize::from(group.scaled.is_some())])(&tile) }
        }
    }
}

/// The bias of a channel with the input zero point folded in for all taps.
pub(super) fn folded_bias(spec: &DepthwiseSpec<'_>, channel: usize) -> i32 {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let sum = (0..taps).fold(0i32, |sum, tap| sum.wrapping_add(weight(spec, tap, channel)));
    let bias = spec.bias.get(channel).copied().unwrap_or(0);
    bias.wrapping_sub(sum.wrapping_mul(spec.input_zero))
}

/// A bound on the magnitude of every sum, of each channel.
pub(super) fn largest_sums(spec: &DepthwiseSpec<'_>) -> Vec<i64> {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let of = |channel: usize| {
        let weights: i64 = (0..taps).map(|tap| i64::from(weight(spec, tap, channel)).abs()).sum();
        i64::from(folded_bias(spec, channel)).abs() + 255 * weights
    };
    (0..spec.channels).map(of).collect()
}
