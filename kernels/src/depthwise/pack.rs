//! Unfolded weights, border classes and folded biases.

use core::ops::Range;

use super::DepthwiseSpec;
use super::tile::Tap;
use crate::arch::LANES;
use crate::requantize::Lanes;
use crate::window::{Span, spans};

/// Outputs in a rectangle (of every image) whose windows see the same taps.
pub(super) struct Class {
    /// Output columns.
    pub(super) across: Range<usize>,
    /// Input row and column of the first tap inside, for the first output of the rectangle.
    pub(super) first: [usize; 2],
    /// The taps inside.
    pub(super) taps: Vec<Tap>,
    /// Kernel rows and columns inside.
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    /// First entry in the folded biases: one for each block of channels.
    pub(super) bias: usize,
}

/// Output rows whose windows see the same kernel rows.
pub(super) struct Band {
    /// Output rows.
    pub(super) down: Range<usize>,
    /// The band's classes from left to right.
    pub(super) classes: Vec<Class>,
}

/// Sixteen output channels.
pub(super) struct Block {
    /// First output channel.
    pub(super) first: usize,
    /// Channels that exist; the others are padding.
    pub(super) count: usize,
    /// First input channel.
    pub(super) input: usize,
    /// Input channel of each lane, counted from `input`.
    pub(super) order: [u8; LANES],
}

/// The blocks of all output channels.
pub(super) fn blocks(spec: &DepthwiseSpec<'_>) -> Vec<Block> {
    let multiplier = spec.channels / spec.input.channels;
    let block = |first: usize| {
        let input = first / multiplier;
        let count = LANES.min(spec.channels - first);
        let order = core::array::from_fn(|lane| ((first + lane) / multiplier - input) as u8);
        Block { first, count, input, order }
    };
    (0..spec.channels).step_by(LANES).map(block).collect()
}

/// `w - wz` of a tap and channel.
pub(super) fn weight(spec: &DepthwiseSpec<'_>, tap: usize, channel: usize) -> i32 {
    let byte = spec.weights.bytes[tap * spec.channels + channel];
    let value = if spec.weights.signed { i32::from(byte as i8) } else { i32::from(byte) };
    value - spec.weights.zero
}

/// How a tile wants the weights of a block: for each tap sixteen integers that follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// 32 bits each, a line for each tap.
    Lanes,
    /// 16 bits each.
    #[cfg(target_arch = "aarch64")]
    Words,
    /// Eight bits each, none of them -128.
    #[cfg(target_arch = "aarch64")]
    Bytes,
}

impl Format {
    /// Bits of a weight.
    const fn bits(self) -> usize {
        match self {
            Self::Lanes => 32,
            #[cfg(target_arch = "aarch64")]
            Self::Words => 16,
            #[cfg(target_arch = "aarch64")]
            Self::Bytes => 8,
        }
    }

    /// Lines of a block.
    pub(super) const fn lines(self, taps: usize) -> usize {
        (taps * self.bits()).div_ceil(32)
    }
}

/// `w - wz` of every block, tap and lane; padding lanes are 0.
pub(super) fn unfold(spec: &DepthwiseSpec<'_>, blocks: &[Block], format: Format) -> Vec<Lanes> {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let lines = format.lines(taps);
    let mut unfolded = vec![Lanes::ZERO; blocks.len() * lines];
    for (block, unfolded) in blocks.iter().zip(unfolded.chunks_exact_mut(lines)) {
        for tap in 0..taps {
            for lane in 0..block.count {
                let bit = (tap * LANES + lane) * format.bits();
                // Little-endian, as are all instruction sets that take less than whole lanes.
                let value = weight(spec, tap, block.first + lane) << (32 - format.bits());
                let value = value.cast_unsigned() >> (32 - format.bits()) << (bit % 32);
                unfolded[bit / 32 / LANES].0[bit / 32 % LANES] |= value.cast_signed();
            }
        }
    }
    unfolded
}

/// Largest magnitude of `w - wz`.
pub(super) fn largest_weight(spec: &DepthwiseSpec<'_>) -> i32 {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let of_tap = |tap: usize| (0..spec.channels).map(move |channel| weight(spec, tap, channel).abs());
    (0..taps).flat_map(of_tap).max().unwrap_or(0)
}

/// The border classes, and their folded biases: classes, then blocks.
pub(super) fn bands(spec: &DepthwiseSpec<'_>, blocks: &[Block]) -> (Vec<Band>, Vec<Lanes>) {
    let mut bias = Vec::new();
    let mut bands = Vec::new();
    for down in spans(&spec.window, 0, spec.input.height, spec.output[0]) {
        let mut classes = Vec::new();
        for across in spans(&spec.window, 1, spec.input.width, spec.output[1]) {
            let start = bias.len();
            bias.extend(blocks.iter().map(|block| fold_bias(spec, block, &down.taps, &across.taps)));
            classes.push(class(spec, &down, &across, start));
        }
        bands.push(Band { down: down.outputs, classes });
    }
    (bands, bias)
}

fn class(spec: &DepthwiseSpec<'_>, down: &Span, across: &Span, bias: usize) -> Class {
    let window = &spec.window;
    let pixel = spec.input.pixel_stride;
    let mut taps = Vec::new();
    for row in down.taps.clone() {
        for column in across.taps.clone() {
            let rows = (row - down.taps.start) * window.dilation[0];
            let columns = (column - across.taps.start) * window.dilation[1];
            let offset = (rows * spec.input.width + columns) * pixel;
            taps.push(Tap { offset, line: row * window.taps[1] + column });
        }
    }
    let mut first = [0; 2];
    if !taps.is_empty() {
        for (axis, span) in [down, across].into_iter().enumerate() {
            let tap = span.taps.start * window.dilation[axis];
            first[axis] = span.outputs.start * window.stride[axis] + tap - window.pad_before[axis];
        }
    }
    Class { across: across.outputs.clone(), first, taps, rows: down.taps.clone(), columns: across.taps.clone(), bias }
}

/// Bias of a block with the input zero point folded in for the taps inside.
fn fold_bias(spec: &DepthwiseSpec<'_>, block: &Block, down: &Range<usize>, across: &Range<usize>) -> Lanes {
    let mut folded = Lanes::ZERO;
    for (lane, folded) in folded.0.iter_mut().enumerate().take(block.count) {
        let channel = block.first + lane;
        let mut sum = 0i32;
        for row in down.clone() {
            for column in across.clone() {
                sum = sum.wrapping_add(weight(spec, row * spec.window.taps[1] + column, channel));
            }
        }
        let bias = spec.bias.get(channel).copied().unwrap_or(0);
        *folded = bias.wrapping_sub(sum.wrapping_mul(spec.input_zero));
    }
    folded
}

/// A bound on the magnitude of every sum.
pub(super) fn largest_sum(weight: i32, bias: &[Lanes], taps: usize) -> i64 {
    let bias = bias.iter().flat_map(|lanes| lanes.0).map(|value| i64::from(value).abs()).max().unwrap_or(0);
    bias + 255 * taps as i64 * i64::from(weight)
}
