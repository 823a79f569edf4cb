//! Which channels the interleaving tile takes, and what it needs for them.
//!
//! It takes whole blocks of 64 channels and a last one that is more than half full. Tensors of at most
//! 32 channels without gaps are taken several pixels at a time, where outputs are neighbours as their
//! inputs are: the channels of neighbouring pixels then are the channels of one *wide pixel*.

use alloc::vec::Vec;
use core::ops::Range;

use super::classes::{Band, Class, FoldedBiases};
use super::quad_tile::{ConvolveQuads, LINES, PARTS, QuadTile, QuadTileFn, TapQuad};
use super::spec::DepthwiseSpec;
use super::terms::{MAX_TERMS, split, terms};
use crate::arch::{INTERLEAVED, Interleave, LANES};
use crate::memory::Line;
use crate::requantize::{Lanes, Requantizer};

/// Most taps of a quad that two outputs share.
const SHARED_TAPS: usize = 3;
/// Most taps of a quad otherwise.
const LONE_TAPS: usize = 4;

/// The instruction set's part in the interleaving tile.
#[derive(Clone, Copy)]
pub(super) struct QuadKernel {
    pub(super) name: &'static str,
    /// For weights of one, two and three terms.
    tiles: [QuadTileFn; MAX_TERMS],
    /// The channel of a lane of a part.
    channel: fn(usize, usize) -> usize,
}

impl QuadKernel {
    /// The tiles of an instruction set.
    pub(super) const fn of<A: Interleave>(name: &'static str) -> Self {
        let tiles = [A::enter::<ConvolveQuads<1>>, A::enter::<ConvolveQuads<2>>, A::enter::<ConvolveQuads<3>>];
        Self { name, tiles, channel: A::channel }
    }
}

/// Up to 64 channels of a (wide) pixel.
struct ChannelBlock {
    /// Those that exist.
    channels: Range<usize>,
    /// First line of weights.
    line: usize,
    /// Terms that the channels' weights need.
    terms: usize,
    requantizers: [Requantizer; PARTS],
}

/// The channels that the interleaving tile takes.
pub(super) struct Quads {
    kernel: QuadKernel,
    /// Channels taken, from the first on.
    channels: usize,
    /// Pixels of a wide pixel.
    fold: usize,
    shares: bool,
    /// Bytes of input from one tap, and from one (wide) output pixel, to the next.
    tap_step: usize,
    input_step: usize,
    output_step: usize,
    blocks: Vec<ChannelBlock>,
    lines: Vec<Line>,
    /// Quads of taps in the weights of one block.
    block_quads: usize,
    /// Folded biases: classes, then blocks.
    bias: Vec<[Lanes; PARTS]>,
    /// The taps of each class.
    classes: Vec<Vec<TapQuad>>,
}

/// Where a row of a class begins.
pub(super) struct Row {
    /// Address of the first tap.
    pub(super) input: *const u8,
    /// Address of the first output.
    pub(super) output: *mut u8,
    /// Output pixels.
    pub(super) pixels: usize,
}

impl Quads {
    /// The channels of a specification that the tile takes; `None` where it takes none.
    pub(super) fn new(
        kernel: QuadKernel,
        spec: &DepthwiseSpec<'_>,
        bands: &[Band],
        folded: &FoldedBiases,
        largest_sum: i64,
    ) -> Option<Self> {
        let channels = spec.channels;
        if channels != spec.input.channels {
            return None;
        }
        let dense = spec.input.pixel_stride == channels && spec.pixel_stride == channels && spec.window.stride[1] == 1;
        let fold = if dense && channels <= INTERLEAVED / 2 { INTERLEAVED / channels } else { 1 };
        let rest = channels % INTERLEAVED;
        let taken = if fold > 1 || rest > INTERLEAVED / 2 { channels } else { channels - rest };
        if taken == 0 || spec.taps() == 1 {
            return None;
        }
        let tap_step = spec.window.dilation[1] * spec.input.pixel_stride;
        let input_step = if fold > 1 { fold * channels } else { spec.window.stride[1] * spec.input.pixel_stride };
        let mut quads = Self {
            kernel,
            channels: taken,
            fold,
            shares: input_step == tap_step,
            tap_step,
            input_step,
            output_step: fold * spec.pixel_stride,
            blocks: Vec::new(),
            lines: Vec::new(),
            block_quads: 0,
            bias: Vec::new(),
            classes: Vec::new(),
        };
        let across = quads.add_classes(spec, bands);
        for first in (0..taken).step_by(INTERLEAVED) {
            let end = fold * channels;
            quads.add_block(spec, &across, first..end.min(first + INTERLEAVED), largest_sum);
        }
        quads.fold_biases(spec, bands, folded);
        Some(quads)
    }

    /// The channel in a lane of a block's part; `None` for padding.
    fn channel(&self, spec: &DepthwiseSpec<'_>, block: &Range<usize>, part: usize, lane: usize) -> Option<usize> {
        let at = (self.kernel.channel)(part, lane);
        (at < block.len()).then_some((block.start + at) % spec.channels)
    }

    /// The taps in a range across, at most so many together as a quad takes.
    fn cut(&self, across: &Range<usize>) -> Vec<Range<usize>> {
        let most = if self.shares { SHARED_TAPS } else { LONE_TAPS };
        across.clone().step_by(most).map(|tap| tap..across.end.min(tap + most)).collect()
    }

    /// Adds what is needed for a block of channels.
    fn add_block(&mut self, spec: &DepthwiseSpec<'_>, across: &[Range<usize>], channels: Range<usize>, largest: i64) {
        let of_tap = |tap| channels.clone().map(move |channel| terms(spec.weight(tap, channel % spec.channels))).max();
        let terms = (0..spec.taps()).filter_map(of_tap).max().unwrap_or(1);
        let line = self.lines.len();
        self.pack(spec, across, &channels, terms);
        let requantizers = core::array::from_fn(|part| {
            let lanes = core::array::from_fn(|lane| self.channel(spec, &channels, part, lane));
            Requantizer::of_lanes(spec.requantize, spec.range(), lanes, largest)
        });
        self.blocks.push(ChannelBlock { channels, line, terms, requantizers });
    }

    /// Adds the taps of each class; returns the ranges of taps across whose weights are needed.
    fn add_classes(&mut self, spec: &DepthwiseSpec<'_>, bands: &[Band]) -> Vec<Range<usize>> {
        let mut known: Vec<Range<usize>> = Vec::new();
        let mut starts = Vec::new();
        for class in bands.iter().flat_map(|band| &band.classes) {
            let cut = self.cut(&class.columns);
            let found = known.iter().position(|known| *known == class.columns).unwrap_or_else(|| {
                starts.push(self.block_quads);
                self.block_quads += spec.window.taps[0] * cut.len();
                known.push(class.columns.clone());
                known.len() - 1
            });
            let mut quads = Vec::new();
            for row in class.rows.clone() {
                let down = (row - class.rows.start) * spec.window.dilation[0] * spec.input.width;
                for (index, taps) in cut.iter().enumerate() {
                    let offset = down * spec.input.pixel_stride + (taps.start - class.columns.start) * self.tap_step;
                    let index = starts[found] + row * cut.len() + index;
                    quads.push(TapQuad { offset, taps: taps.len(), index });
                }
            }
            self.classes.push(quads);
        }
        known
    }

    /// Packs the weights of one block.
    fn pack(&mut self, spec: &DepthwiseSpec<'_>, across: &[Range<usize>], channels: &Range<usize>, terms: usize) {
        for across in across {
            for row in 0..spec.window.taps[0] {
                for taps in self.cut(across) {
                    let first = row * spec.window.taps[1] + taps.start;
                    for index in 0..terms * LINES {
                        let (term, output, part) = (index / LINES, index / PARTS % 2, index % PARTS);
                        let mut line = Line::ZERO;
                        for lane in 0..LANES {
                            let Some(channel) = self.channel(spec, channels, part, lane) else { continue };
                            for tap in (0..taps.len()).filter(|tap| tap + output < 4) {
                                line.0[4 * lane + tap + output] = split(spec.weight(first + tap, channel))[term];
                            }
                        }
                        self.lines.push(line);
                    }
                }
            }
        }
    }

    /// Brings the folded biases of channels into the order of lanes.
    fn fold_biases(&mut self, spec: &DepthwiseSpec<'_>, bands: &[Band], folded: &FoldedBiases) {
        for class in bands.iter().flat_map(|band| &band.classes) {
            for block in &self.blocks {
                let parts = core::array::from_fn(|part| {
                    Lanes(core::array::from_fn(|lane| {
                        let channel = self.channel(spec, &block.channels, part, lane);
                        channel.map_or(0, |channel| folded.get(class, channel))
                    }))
                });
                self.bias.push(parts);
            }
        }
    }

    /// Channels taken, from the first on.
    pub(super) fn channels(&self) -> usize {
        self.channels
    }

    /// The kernel's name.
    pub(super) fn name(&self) -> &'static str {
        self.kernel.name
    }

    /// Bytes of packed weights and biases.
    pub(super) fn packed_bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.bias[..])
    }

    /// Bytes past the first channel of an output's any tap that tiles may read.
    pub(super) fn reach(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.channels.start + INTERLEAVED)
    }

    /// Runs one row of one class.
    ///
    /// # Safety
    /// The CPU has the instruction set; [`Quads::reach`] bytes are readable at every pixel's every tap,
    /// and the outputs are writable, which nobody else touches.
    pub(super) unsafe fn run(&self, class: &Class, row: &Row) {
        let quads = &self.classes[class.index];
        let bias = &self.bias[class.index * self.blocks.len()..];
        for (index, block) in self.blocks.iter().enumerate() {
            let (first_channel, count) = (block.channels.start, block.channels.len());
            let tile = |first: usize, pixels: usize, channels: usize| QuadTile {
                input: row.input.wrapping_add(first * self.input_step + first_channel),
                input_step: self.input_step,
                tap_step: self.tap_step,
                quads,
                lines: &self.lines[block.line..block.line + self.block_quads * block.terms * LINES],
                terms: block.terms,
                shares: self.shares,
                bias: &bias[index],
                requantizers: &block.requantizers,
                output: row.output.wrapping_add(first * self.output_step + first_channel),
                output_step: self.output_step,
                pixels,
                channels,
            };
            let (whole, rest) = (row.pixels / self.fold, row.pixels % self.fold);
            // SAFETY: the caller's promise; a last wide pixel stores the channels that exist.
            unsafe {
                (self.kernel.tiles[block.terms - 1])(&tile(0, whole, count));
                if rest > 0 {
                    (self.kernel.tiles[block.terms - 1])(&tile(whole, 1, count / self.fold * rest));
                }
            }
        }
    }
}
