//! The strategy for windows that slide along a row, for instruction sets that add up four products in a lane: which
//! convolutions its tile takes, and what it needs for them.
//!
//! It takes square windows of three or five taps without dilation, whose outputs are one or two columns
//! apart. Neighbouring pixels of up to 32 channels without gaps make a *wide pixel* where outputs are
//! neighbours as their inputs are; wide outputs then are two columns apart.

use alloc::vec::Vec;
use core::ops::Range;

use super::column_tile::{ColumnTile, ColumnTileFn, MAX_FOLD, MAX_TAPS, SlideColumns};
use super::geometry::{Geometry, Rows};
use super::quad_tile::PARTS;
use super::spec::DepthwiseSpec;
use super::terms::{split, terms};
use crate::arch::{FloatScale, INTERLEAVED, Interleave, LANES};
use crate::float_scale::fit;
use crate::memory::Line;
use crate::quantization::Requantize;
use crate::requantize::{Lanes, Requantizer};

/// Most terms of a weight that tiles are compiled for.
const MAX_TERMS: usize = 2;

/// The tiles of a window, for weights of one term and two, requantization in integers and in floats.
type Tiles = [[ColumnTileFn; 2]; MAX_TERMS];

/// The instruction set's part in the sliding tile.
#[derive(Clone, Copy)]
pub(super) struct SlidingColumnKernel {
    pub(super) name: &'static str,
    /// For three taps and five, one column from output to output and two.
    tiles: [[Tiles; 2]; 2],
    /// The channel of a lane of a part.
    channel: fn(usize, usize) -> usize,
}

impl SlidingColumnKernel {
    /// The tiles of an instruction set.
    pub(super) const fn of<A: Interleave>(name: &'static str) -> Self {
        let three = [tiles::<A, 3, 1, 3>(), tiles::<A, 3, 2, 2>()];
        let five = [tiles::<A, 5, 1, 5>(), tiles::<A, 5, 2, 3>()];
        Self { name, tiles: [three, five], channel: A::channel }
    }
}

const fn tiles<A: Interleave, const TAPS: usize, const STEP: usize, const AHEAD: usize>() -> Tiles {
    [
        [A::enter::<SlideColumns<TAPS, STEP, AHEAD, 1, false>>, A::enter::<SlideColumns<TAPS, STEP, AHEAD, 1, true>>],
        [A::enter::<SlideColumns<TAPS, STEP, AHEAD, 2, false>>, A::enter::<SlideColumns<TAPS, STEP, AHEAD, 2, true>>],
    ]
}

/// Up to 64 channels of a (wide) pixel.
struct ChannelBlock {
    /// Those that exist.
    channels: Range<usize>,
    /// First line of weights.
    line: usize,
    /// Terms that the channels' weights need.
    terms: usize,
    bias: [Lanes; PARTS],
    scaled: Option<FloatScale>,
    requantizers: [Requantizer; PARTS],
}

/// A convolution as the sliding tile wants it.
pub(super) struct SlidingColumns {
    kernel: SlidingColumnKernel,
    tiles: Tiles,
    taps: usize,
    /// Pixels of a wide pixel, and channels of a pixel.
    fold: usize,
    pixel: usize,
    blocks: Vec<ChannelBlock>,
    lines: Vec<Line>,
    padding: [u8; INTERLEAVED],
}

impl SlidingColumns {
    /// A specification for the tile; `None` where it is not made for it.
    pub(super) fn new(kernel: SlidingColumnKernel, spec: &DepthwiseSpec<'_>) -> Option<Self> {
        let [down, taps] = spec.window.taps;
        let square = down == taps && (taps == 3 || taps == 5) && spec.window.dilation == [1; 2];
        let stride = spec.window.stride[1];
        let channels = spec.channels;
        let zero = u8::try_from(spec.input_zero).ok()?;
        if !square || stride > 2 || channels != spec.input.channels {
            return None;
        }
        let dense = spec.input.pixel_stride == channels && spec.pixel_stride == channels;
        let fold = if dense && stride == 1 && channels <= INTERLEAVED / MAX_FOLD { MAX_FOLD } else { 1 };
        let mut columns = Self {
            kernel,
            tiles: kernel.tiles[usize::from(taps == 5)][stride * fold - 1],
            taps,
            fold,
            pixel: channels,
            blocks: Vec::new(),
            lines: Vec::new(),
            padding: [zero; INTERLEAVED],
        };
        let largest = spec.largest_sums();
        let end = fold * channels;
        for first in (0..end).step_by(INTERLEAVED) {
            let block = columns.block(spec, first..end.min(first + INTERLEAVED), &largest);
            if block.terms > MAX_TERMS {
                return None;
            }
            columns.pack(spec, &block);
            columns.blocks.push(block);
        }
        Some(columns)
    }

    /// The channel in a lane of a block's part; `None` for padding.
    fn channel(&self, block: &Range<usize>, part: usize, lane: usize) -> Option<usize> {
        let at = (self.kernel.channel)(part, lane);
        (at < block.len()).then_some((block.start + at) % self.pixel)
    }

    fn block(&self, spec: &DepthwiseSpec<'_>, channels: Range<usize>, largest: &[i64]) -> ChannelBlock {
        let lanes = |part: usize| core::array::from_fn(|lane| self.channel(&channels, part, lane));
        let bias = |channel: Option<usize>| channel.map_or(0, |channel| spec.folded_bias(channel));
        let most = largest.iter().copied().max().unwrap_or(0);
        let requantizer = |part: usize| Requantizer::of_lanes(spec.requantize, spec.range(), lanes(part), most);
        let of_channel = |channel| (0..spec.taps()).map(move |tap| terms(spec.weight(tap, channel % self.pixel)));
        ChannelBlock {
            line: self.lines.len(),
            terms: channels.clone().flat_map(of_channel).max().unwrap_or(1),
            bias: core::array::from_fn(|part| Lanes(lanes(part).map(bias))),
            scaled: self.scaled(spec, &channels, largest),
            requantizers: core::array::from_fn(requantizer),
            channels,
        }
    }

    /// The requantization of a block in floats, where that is exact for all its channels.
    fn scaled(&self, spec: &DepthwiseSpec<'_>, block: &Range<usize>, largest: &[i64]) -> Option<FloatScale> {
        let Requantize::Fixed(multipliers) = spec.requantize else { return None };
        let range = spec.range();
        let [min, max] = [range.min, range.max].map(|bound| u8::try_from(bound).ok());
        let mut scaled = FloatScale {
            scale: [[0.0; LANES]; PARTS],
            offset: [[0.0; LANES]; PARTS],
            min: [min?; INTERLEAVED],
            max: [max?; INTERLEAVED],
        };
        for part in 0..PARTS {
            for lane in 0..LANES {
                let Some(channel) = self.channel(block, part, lane) else { continue };
                let multiplier = multipliers[if multipliers.len() == 1 { 0 } else { channel }];
                let found = fit(multiplier, range, largest[channel])?;
                let [offset, negative] = found.offsets;
                if offset != negative {
                    return None;
                }
                scaled.scale[part][lane] = found.scale;
                scaled.offset[part][lane] = offset;
            }
        }
        Some(scaled)
    }

    /// Packs the weights of one block.
    fn pack(&mut self, spec: &DepthwiseSpec<'_>, block: &ChannelBlock) {
        let (taps, quads) = (self.taps, self.taps.div_ceil(4));
        for index in 0..block.terms * quads * taps * PARTS {
            let (part, column) = (index % PARTS, index / PARTS % taps);
            let (quad, term) = (index / PARTS / taps % quads, index / PARTS / taps / quads);
            let mut line = Line::ZERO;
            for lane in 0..LANES {
                let Some(channel) = self.channel(&block.channels, part, lane) else { continue };
                for row in (4 * quad..taps).take(4) {
                    let value = spec.weight(row * taps + column, channel);
                    line.0[4 * lane + row % 4] = split(value)[term];
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
        size_of_val(&self.lines[..]) + size_of_val(&self.blocks[..])
    }

    /// Bytes past the first channel of a pixel that tiles may read.
    pub(super) fn reach(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.channels.start + INTERLEAVED)
    }

    /// Computes one row of outputs.
    ///
    /// # Safety
    /// The CPU has the instruction set; [`SlidingColumns::reach`] bytes are readable at every pixel of the
    /// input, and nobody else touches the row of outputs.
    pub(super) unsafe fn run(&self, geometry: &Geometry, rows: &Rows) {
        debug_assert!(rows.count == 1);
        let padding = self.padding.as_ptr();
        let inputs = geometry.input_rows::<MAX_TAPS>(rows);
        let output = geometry.output_row(rows);
        let [_, pixels] = geometry.output;
        let rest = pixels % self.fold;
        for block in &self.blocks {
            let (first, count) = (block.channels.start, block.channels.len());
            let tile = ColumnTile {
                rows: inputs.map(|start| start.map_or(padding, |start| start.wrapping_add(first))),
                steps: inputs.map(|start| if start.is_some() { geometry.input.pixel_stride } else { 0 }),
                padding,
                first: -(geometry.window.pad_before[1] as isize),
                width: geometry.input.width,
                fold: self.fold,
                pixel: self.pixel,
                lines: &self.lines[block.line..],
                bias: &block.bias,
                scaled: block.scaled.as_ref(),
                requantizers: &block.requantizers,
                output: output.wrapping_add(first),
                output_step: self.fold * geometry.pixel_stride,
                pixels: pixels.div_ceil(self.fold),
                channels: count,
                last_channels: if rest > 0 { count / self.fold * rest } else { count },
            };
            // SAFETY: the caller's promise.
            unsafe { (self.tiles[block.terms - 1][usize::from(block.scaled.is_some())])(&tile) }
        }
    }
}
