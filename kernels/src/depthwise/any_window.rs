//! The strategy for any window: tiles of border classes, sixteen channels at a time, and where the instruction set adds up
//! four products, [`Quads`] for as many channels as they take.

use alloc::vec;
use alloc::vec::Vec;

use super::classes::{Band, Class, FoldedBiases, bands};
use super::geometry::{Geometry, Rows};
use super::quads::{QuadKernel, Quads, Row};
use super::spec::DepthwiseSpec;
use super::tile::{Tile, TileFn, Tiles};
use crate::arch::LANES;
use crate::requantize::{Lanes, Requantizer};

/// Sixteen output channels.
struct ChannelBlock {
    /// First output channel.
    first: usize,
    /// Channels that exist; the others are padding.
    count: usize,
    /// First input channel.
    input: usize,
    /// Input channel of each lane, counted from `input`.
    order: [u8; LANES],
    requantizer: Requantizer,
}

/// Any window, by tiles.
pub(super) struct AnyWindow {
    tile: TileFn,
    /// What takes the first channels, four taps at a time.
    quads: Option<Quads>,
    /// The other channels.
    blocks: Vec<ChannelBlock>,
    /// Weights: blocks, then what the tile wants of each.
    weights: Vec<Lanes>,
    /// Lines of weights of a block.
    block_lines: usize,
    /// Folded biases: classes, then blocks.
    bias: Vec<Lanes>,
    bands: Vec<Band>,
}

impl AnyWindow {
    /// A specification for the tiles of an instruction set.
    pub(super) fn new(tiles: &Tiles, quads: Option<QuadKernel>, spec: &DepthwiseSpec<'_>) -> Self {
        let bands = bands(spec);
        let folded = FoldedBiases::new(spec, &bands);
        let largest_weight = spec.largest_weight();
        let largest_sum = folded.largest_sum(spec.taps(), largest_weight);
        let quads = quads.and_then(|kernel| Quads::new(kernel, spec, &bands, &folded, largest_sum));
        let taken = quads.as_ref().map_or(0, Quads::channels);
        let blocks: Vec<_> =
            (taken..spec.channels).step_by(LANES).map(|first| block(spec, first, largest_sum)).collect();
        let (tile, weight_bits) = choose(tiles, spec.channels != spec.input.channels, largest_weight);
        let bias_of = |class: &Class, block: &ChannelBlock| {
            let lane = |lane| if lane < block.count { folded.get(class, block.first + lane) } else { 0 };
            Lanes(core::array::from_fn(lane))
        };
        let classes = bands.iter().flat_map(|band| &band.classes);
        let bias = classes.flat_map(|class| blocks.iter().map(move |block| bias_of(class, block))).collect();
        Self {
            tile,
            quads,
            weights: unfold(spec, &blocks, weight_bits),
            block_lines: block_lines(spec.taps(), weight_bits),
            blocks,
            bias,
            bands,
        }
    }

    /// The name of the kernel, which is the tile's where quads take no channel.
    pub(super) fn name(&self, tile: &'static str) -> &'static str {
        self.quads.as_ref().map_or(tile, Quads::name)
    }

    /// Bytes of packed weights, biases and requantizations.
    pub(super) fn packed_bytes(&self) -> usize {
        let quads = self.quads.as_ref().map_or(0, Quads::packed_bytes);
        quads + size_of_val(&self.weights[..]) + size_of_val(&self.bias[..]) + size_of_val(&self.blocks[..])
    }

    /// Bytes past the first channel of a pixel that tiles may read.
    pub(super) fn reach(&self) -> usize {
        let blocks = self.blocks.last().map_or(0, |last| last.input + LANES);
        blocks.max(self.quads.as_ref().map_or(0, Quads::reach))
    }

    /// Computes one row of outputs.
    ///
    /// # Safety
    /// The CPU has the instruction set; [`AnyWindow::reach`] bytes are readable at every pixel of the input, and nobody
    /// else touches the row of outputs.
    pub(super) unsafe fn run(&self, geometry: &Geometry, rows: &Rows) {
        debug_assert!(rows.count == 1);
        let (input, output) = (&geometry.input, geometry.output_row(rows));
        let band = self.bands.iter().find(|band| band.down.contains(&rows.first)).expect("bands cover all rows");
        for class in &band.classes {
            let down = class.first[0] + (rows.first - band.down.start) * geometry.window.stride[0];
            let at = (rows.image * input.height + down) * input.width + class.first[1];
            let row = Row {
                input: rows.input.wrapping_add(at * input.pixel_stride),
                output: output.wrapping_add(class.across.start * geometry.pixel_stride),
                pixels: class.across.len(),
            };
            // SAFETY: the caller's promise; taps of a class lie inside the image.
            unsafe {
                if let Some(quads) = &self.quads {
                    quads.run(class, &row);
                }
                self.run_blocks(geometry, class, &row);
            }
        }
    }

    /// Computes the channels of the blocks in a row of a class.
    ///
    /// # Safety
    /// As [`AnyWindow::run`].
    unsafe fn run_blocks(&self, geometry: &Geometry, class: &Class, row: &Row) {
        for (index, block) in self.blocks.iter().enumerate() {
            let call = Tile {
                input: row.input.wrapping_add(block.input),
                input_step: geometry.window.stride[1] * geometry.input.pixel_stride,
                taps: &class.taps,
                weights: &self.weights[index * self.block_lines..][..self.block_lines],
                bias: &self.bias[class.index * self.blocks.len() + index],
                order: &block.order,
                requantizer: &block.requantizer,
                output: row.output.wrapping_add(block.first),
                output_step: geometry.pixel_stride,
                pixels: row.pixels,
                channels: block.count,
            };
            // SAFETY: taps of a class lie inside the image, and sixteen bytes from the block's first channel are within
            // the reach. The caller vouches for the CPU and for the outputs.
            unsafe { (self.tile)(&call) }
        }
    }
}

/// The sixteen output channels from `first` on.
fn block(spec: &DepthwiseSpec<'_>, first: usize, largest_sum: i64) -> ChannelBlock {
    let multiplier = spec.channels / spec.input.channels;
    let input = first / multiplier;
    let count = LANES.min(spec.channels - first);
    ChannelBlock {
        first,
        count,
        input,
        order: core::array::from_fn(|lane| ((first + lane) / multiplier - input) as u8),
        requantizer: Requantizer::new(spec.requantize, spec.range(), first..first + count, largest_sum),
    }
}

/// The tile of a convolution and the bits of its packed weights, the largest of which has magnitude `largest`.
fn choose(tiles: &Tiles, multiplied: bool, largest: i32) -> (TileFn, usize) {
    match tiles.bytes {
        Some(bytes) if !multiplied && largest < 128 => (bytes, 8),
        _ => (if multiplied { tiles.multiplied } else { tiles.direct }, tiles.weight_bits),
    }
}

/// Lines of weights of a block.
fn block_lines(taps: usize, weight_bits: usize) -> usize {
    (taps * weight_bits).div_ceil(32)
}

/// `w - wz` of every block, tap and lane; padding lanes are 0.
fn unfold(spec: &DepthwiseSpec<'_>, blocks: &[ChannelBlock], weight_bits: usize) -> Vec<Lanes> {
    let lines = block_lines(spec.taps(), weight_bits);
    let mut unfolded = vec![Lanes::ZERO; blocks.len() * lines];
    for (block, unfolded) in blocks.iter().zip(unfolded.chunks_exact_mut(lines)) {
        for tap in 0..spec.taps() {
            for lane in 0..block.count {
                let bit = (tap * LANES + lane) * weight_bits;
                // Little-endian, as are all instruction sets that take less than whole lanes.
                let value = spec.weight(tap, block.first + lane) << (32 - weight_bits);
                let value = value.cast_unsigned() >> (32 - weight_bits) << (bit % 32);
                unfolded[bit / 32 / LANES].0[bit / 32 % LANES] |= value.cast_signed();
            }
        }
    }
    unfolded
}
