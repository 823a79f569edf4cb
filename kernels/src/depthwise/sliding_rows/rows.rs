//! Which convolutions the tiles of [`super::tile`] take, and what they need for them.
//!
//! They take square windows without dilation whose outputs are one or two pixels apart in both directions, where
//! every sum is scaled down.

use alloc::vec;
use alloc::vec::Vec;

use super::epilogue::{CHANNELS, CLAMPED, CLAMPED_SMALL, ROUNDED, RowEpilogue};
use super::kernels::SlidingRowKernel;
use super::tile::{ChannelTap, MAX_OUTPUTS, MAX_ROWS, Packed, RowTile, RowTileFn};
use crate::depthwise::geometry::{Geometry, Rows};
use crate::depthwise::spec::DepthwiseSpec;
use crate::quantization::{Multiplier, Requantize};
use crate::requantize::MAX_NON_WRAPPING;

/// Up to eight channels.
struct ChannelBlock {
    first: usize,
    count: usize,
    tile: RowTileFn,
    weights: Packed,
    epilogue: RowEpilogue,
}

/// A convolution in rows.
pub(in crate::depthwise) struct SlidingRows {
    kernel: &'static SlidingRowKernel,
    blocks: Vec<ChannelBlock>,
    /// A row of zero points.
    padding: Vec<u8>,
}

impl SlidingRows {
    /// A specification for the first of the kernels that takes it.
    pub(in crate::depthwise) fn new(kernels: &'static [SlidingRowKernel], spec: &DepthwiseSpec<'_>) -> Option<Self> {
        let [down, taps] = spec.window.taps;
        let [stride, across] = spec.window.stride;
        let square = down == taps && stride == across && stride <= 2 && spec.window.dilation == [1; 2];
        if !square || spec.channels != spec.input.channels || !(-128..=127).contains(&spec.input_zero) {
            return None;
        }
        let largest = spec.largest_sums();
        let firsts = || (0..spec.channels).step_by(CHANNELS);
        let epilogues = firsts().map(|first| epilogue(spec, &largest, first)).collect::<Option<Vec<_>>>()?;
        let packed = |kernel: &'static SlidingRowKernel| {
            let packed = firsts().map(|first| (kernel.pack)(&weights(spec, first))).collect::<Option<Vec<_>>>()?;
            Some((kernel, packed))
        };
        let (kernel, packed) = kernels.iter().filter(|kernel| kernel.taps == taps).find_map(packed)?;
        let block = |((first, (weights, terms)), (epilogue, form))| ChannelBlock {
            first,
            count: CHANNELS.min(spec.channels - first),
            tile: kernel.tile(stride, terms, form),
            weights,
            epilogue,
        };
        Some(Self {
            kernel,
            blocks: firsts().zip(packed).zip(epilogues).map(block).collect(),
            padding: vec![spec.input_zero as u8; (spec.input.width - 1) * spec.input.pixel_stride + CHANNELS],
        })
    }

    /// The kernel.
    pub(in crate::depthwise) fn kernel(&self) -> &'static SlidingRowKernel {
        self.kernel
    }

    /// Bytes of packed weights and tables.
    pub(in crate::depthwise) fn packed_bytes(&self) -> usize {
        size_of_val(&self.blocks[..]) + self.padding.len()
    }

    /// Bytes past the first channel of a pixel that tiles may read.
    pub(in crate::depthwise) fn reach(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.first + CHANNELS)
    }

    /// Rows of outputs that are best computed together.
    pub(in crate::depthwise) fn together(&self) -> usize {
        self.kernel.outputs
    }

    /// Computes rows of outputs, at most [`SlidingRows::together`].
    ///
    /// # Safety
    /// The CPU has the instruction set; [`SlidingRows::reach`] bytes are readable at every pixel of the input, and nobody
    /// else touches the rows of outputs.
    pub(in crate::depthwise) unsafe fn run(&self, geometry: &Geometry, rows: &Rows) {
        debug_assert!(rows.count <= self.together() && rows.first + rows.count <= geometry.output[0]);
        let inputs = geometry.input_rows::<MAX_ROWS>(rows);
        let mut outputs = [geometry.output_row(rows); MAX_OUTPUTS];
        if rows.count > 1 {
            outputs[1] = outputs[0].wrapping_add(geometry.output[1] * geometry.pixel_stride);
        }
        let padding = self.padding.as_ptr();
        for block in &self.blocks {
            let tile = RowTile {
                rows: inputs.map(|start| start.map_or(padding, |start| start.wrapping_add(block.first))),
                padding,
                step: geometry.input.pixel_stride,
                first: -geometry.window.pad_before[1].cast_signed(),
                width: geometry.input.width,
                weights: &block.weights,
                epilogue: &block.epilogue,
                outputs: outputs.map(|output| output.wrapping_add(block.first)),
                output_step: geometry.pixel_stride,
                pixels: geometry.output[1],
                channels: block.count,
            };
            // SAFETY: the caller's promise. The padding has eight bytes at every column, and rows of input that no
            // computed row of outputs sees are rows of the image or padding as well.
            unsafe { (block.tile)(&tile) }
        }
    }
}

/// `w - wz` of each tap for eight channels; 0 for those that do not exist.
fn weights(spec: &DepthwiseSpec<'_>, first: usize) -> Vec<ChannelTap> {
    let of = |tap: usize, channel: usize| if channel < spec.channels { spec.weight(tap, channel) } else { 0 };
    (0..spec.taps()).map(|tap| core::array::from_fn(|lane| of(tap, first + lane))).collect()
}

/// The epilogue of eight channels and its form; `None` where the tile has none that is exact.
fn epilogue(spec: &DepthwiseSpec<'_>, largest: &[i64], first: usize) -> Option<(RowEpilogue, usize)> {
    let Requantize::Fixed(multipliers) = spec.requantize else { return None };
    let range = spec.range();
    if range.min > range.max || range.min < -128 || range.max > 127 {
        return None;
    }
    let mut epilogue = RowEpilogue {
        bias: [0; CHANNELS],
        mantissa: [0; CHANNELS],
        shift: [-1; CHANNELS],
        ties: [i32::MIN; CHANNELS],
        lift: [(range.zero - range.min) as i16; CHANNELS],
        span: [(range.max - range.min) as u8; 16],
        least: [range.min as u8; 16],
    };
    let (mut shifted, mut small, mut never_wraps) = (true, true, true);
    for channel in first..spec.channels.min(first + CHANNELS) {
        let Multiplier { mantissa, shift } = multipliers[if multipliers.len() == 1 { 0 } else { channel }];
        if !(-31..=0).contains(&shift) || mantissa < 0 {
            return None;
        }
        let lane = channel - first;
        epilogue.bias[lane] = spec.folded_bias(channel);
        epilogue.mantissa[lane] = mantissa;
        epilogue.shift[lane] = shift;
        epilogue.ties[lane] = if shift < 0 { i32::MIN } else { 0 };
        shifted &= shift < 0;
        never_wraps &= largest[channel] <= MAX_NON_WRAPPING;
        // Each of the two roundings adds at most 1.
        let scaled = (i128::from(largest[channel]) * i128::from(mantissa) >> (31 - shift)) + 2;
        small &= scaled <= i128::from(i16::MAX);
    }
    let form = match (range.min == range.zero && shifted, never_wraps) {
        (true, true) if small => CLAMPED_SMALL,
        (true, _) => CLAMPED,
        (false, true) => ROUNDED,
        (false, false) => return None,
    };
    Some((epilogue, form))
}
