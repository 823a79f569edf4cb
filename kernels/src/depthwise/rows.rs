//! Which convolutions the tiles of [`super::row_tile`] take, and what they need for them.
//!
//! They take square windows without dilation whose outputs are one or two pixels apart in both directions, where
//! every sum is scaled down.

use super::DepthwiseSpec;
use super::columns::{folded_bias, largest_sums};
use super::pack::weight;
use super::row_products::Tap;
use super::row_tile::{
    CHANNELS, CLAMPED, CLAMPED_SMALL, Ending, FORMS, MOST_OUTPUTS, MOST_ROWS, Packed, ROUNDED, RowTile, RowTileFn,
};
use crate::quantization::{Multiplier, OutputRange, Requantize};
use crate::requantize::CALM;
use crate::window::{Image, Window};

/// Most layers of weights.
pub(super) const MOST_LAYERS: usize = 2;

/// An instruction set's way to compute rows.
pub(super) struct RowKernel {
    pub(super) name: &'static str,
    /// Taps down and across.
    pub(super) taps: usize,
    /// Rows of outputs that are computed together.
    pub(super) outputs: usize,
    /// Packs the weights of eight channels, and says how many layers they have, less one; `None` where the kernel is
    /// not exact for them.
    pub(super) pack: fn(&[Tap]) -> Option<(Packed, usize)>,
    /// For outputs one pixel apart and two, layers of weights, and forms of endings.
    pub(super) tiles: [[[RowTileFn; FORMS]; MOST_LAYERS]; 2],
}

/// Up to eight channels.
struct Group {
    first: usize,
    count: usize,
    tile: RowTileFn,
    weights: Packed,
    ending: Ending,
}

/// A convolution in rows.
pub(super) struct Rows {
    kernel: &'static RowKernel,
    input: Image,
    window: Window,
    output: [usize; 2],
    pixel_stride: usize,
    groups: Vec<Group>,
    /// A row of zero points.
    padding: Vec<u8>,
}

impl Rows {
    /// A specification for the first of the kernels that takes it.
    pub(super) fn new(kernels: &'static [RowKernel], spec: &DepthwiseSpec<'_>, range: OutputRange) -> Option<Self> {
        let [down, taps] = spec.window.taps;
        let [stride, across] = spec.window.stride;
        let square = down == taps && stride == across && stride <= 2 && spec.window.dilation == [1; 2];
        if !square || spec.channels != spec.input.channels || !(-128..=127).contains(&spec.input_zero) {
            return None;
        }
        let largest = largest_sums(spec);
        let endings = (0..spec.channels).step_by(CHANNELS).map(|first| ending(spec, range, &largest, first));
        let endings: Vec<_> = endings.collect::<Option<_>>()?;
        let fits = kernels.iter().filter(|kernel| kernel.taps == taps);
        let packed = |kernel: &'static RowKernel| {
            let groups = (0..spec.channels).step_by(CHANNELS).map(|first| (kernel.pack)(&weights(spec, first)));
            Some((kernel, groups.collect::<Option<Vec<_>>>()?))
        };
        let (kernel, packed) = fits.into_iter().find_map(packed)?;
        let mut groups = Vec::new();
        for ((weights, layers), (ending, form)) in packed.into_iter().zip(endings) {
            let first = CHANNELS * groups.len();
            let tile = kernel.tiles[stride - 1][layers][form];
            groups.push(Group { first, count: CHANNELS.min(spec.channels - first), tile, weights, ending });
        }
        Some(Self {
            kernel,
            input: spec.input,
            window: spec.window,
            output: spec.output,
            pixel_stride: spec.pixel_stride,
            groups,
            padding: vec![spec.input_zero as u8; (spec.input.width - 1) * spec.input.pixel_stride + CHANNELS],
        })
    }

    /// The kernel's name.
    pub(super) fn name(&self) -> &'static str {
        self.kernel.name
    }

    /// Bytes of packed weights and tables.
    pub(super) fn packed_bytes(&self) -> usize {
        size_of_val(&self.groups[..]) + self.padding.len()
    }

    /// Bytes past the first channel of a pixel that tiles may read.
    pub(super) fn reach(&self) -> usize {
        self.groups.last().map_or(0, |group| group.first + CHANNELS)
    }

    /// Rows of outputs that are best computed together.
    pub(super) fn together(&self) -> usize {
        self.kernel.outputs
    }

    /// Computes `count` rows of outputs, at most [`Rows::together`], from one on.
    ///
    /// # Safety
    /// The CPU has the instruction set; `input` and `output` are the tensors, where [`Rows::reach`] bytes are readable
    /// at every pixel, and nobody else touches the rows of outputs.
    pub(super) unsafe fn run(&self, [image, row]: [usize; 2], count: usize, input: *const u8, output: *mut u8) {
        debug_assert!(count <= self.together() && row + count <= self.output[0]);
        let mut rows = [None; MOST_ROWS];
        for (tap, place) in rows.iter_mut().enumerate() {
            let at = (row * self.window.stride[0] + tap).checked_sub(self.window.pad_before[0]);
            *place = at.filter(|&at| at < self.input.height).map(|at| {
                let first = (image * self.input.height + at) * self.input.width;
                input.wrapping_add(first * self.input.pixel_stride)
            });
        }
        let first = (image * self.output[0] + row) * self.output[1];
        let mut outputs = [output.wrapping_add(first * self.pixel_stride); MOST_OUTPUTS];
        if count > 1 {
            outputs[1] = outputs[0].wrapping_add(self.output[1] * self.pixel_stride);
        }
        let padding = self.padding.as_ptr();
        for group in &self.groups {
            let tile = RowTile {
                rows: rows.map(|start| start.map_or(padding, |start: *const u8| start.wrapping_add(group.first))),
                padding,
                step: self.input.pixel_stride,
                first: -self.window.pad_before[1].cast_signed(),
                width: self.input.width,
                weights: &group.weights,
                ending: &group.ending,
                outputs: outputs.map(|output| output.wrapping_add(group.first)),
                output_step: self.pixel_stride,
                pixels: self.output[1],
                channels: group.count,
            };
            // SAFETY: the caller's promise. The padding has eight bytes at every column, and rows of input that no
            // computed row of outputs sees are rows of the image or padding as well.
            unsafe { (group.tile)(&tile) }
        }
    }
}

/// `w - wz` of each tap for eight channels; 0 for those that do not exist.
fn weights(spec: &DepthwiseSpec<'_>, first: usize) -> Vec<Tap> {
    let of = |tap: usize, channel: usize| if channel < spec.channels { weight(spec, tap, channel) } else { 0 };
    let taps = 0..spec.window.taps[0] * spec.window.taps[1];
    taps.map(|tap| core::array::from_fn(|lane| of(tap, first + lane))).collect()
}

/// The ending of eight channels and its form; `None` where the tile has none that is exact.
fn ending(spec: &DepthwiseSpec<'_>, range: OutputRange, largest: &[i64], first: usize) -> Option<(Ending, usize)> {
    let Requantize::Fixed(multipliers) = spec.requantize else { return None };
    if range.min > range.max || range.min < -128 || range.max > 127 {
        return None;
    }
    let mut ending = Ending {
        bias: [0; CHANNELS],
        mantissa: [0; CHANNELS],
        shift: [-1; CHANNELS],
        ties: [i32::MIN; CHANNELS],
        lift: [(range.zero - range.min) as i16; CHANNELS],
        span: [(range.max - range.min) as u8; 16],
        least: [range.min as u8; 16],
    };
    let (mut shifted, mut small, mut calm) = (true, true, true);
    for channel in first..spec.channels.min(first + CHANNELS) {
        let Multiplier { mantissa, shift } = multipliers[if multipliers.len() == 1 { 0 } else { channel }];
        if !(-31..=0).contains(&shift) || mantissa < 0 {
            return None;
        }
        let lane = channel - first;
        ending.bias[lane] = folded_bias(spec, channel);
        ending.mantissa[lane] = mantissa;
        ending.shift[lane] = shift;
        ending.ties[lane] = if shift < 0 { i32::MIN } else { 0 };
        shifted &= shift < 0;
        calm &= largest[channel] <= CALM;
        // Each of the two roundings adds at most 1.
        let scaled = (i128::from(largest[channel]) * i128::from(mantissa) >> (31 - shift)) + 2;
        small &= scaled <= i128::from(i16::MAX);
    }
    let form = match (range.min == range.zero && shifted, calm) {
        (true, true) if small => CLAMPED_SMALL,
        (true, _) => CLAMPED,
        (false, true) => ROUNDED,
        (false, false) => return None,
    };
    Some((ending, form))
}
