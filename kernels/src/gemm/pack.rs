//! Packing of convolution weights into lines of sixteen columns by four k.
//!
//! A panel holds sixteen output channels: its lines follow K in an [`Order`], and a line has the weights of sixteen columns
//! for four k, in the [`Layout`](super::layout::Layout) that the instruction set wants.

use alloc::vec::Vec;

use super::order::Order;
use super::spec::ConvSpec;
use crate::arch::LANES;
use crate::memory::Line;
use crate::quantization::Weights;

/// Which output channels of which part a panel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PanelSource {
    pub(crate) part: usize,
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Channel group.
    pub(crate) group: usize,
}

/// What becomes of a panel's weights when they are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PackedRange {
    /// What is subtracted from them: their zero point, or nothing.
    pub(crate) subtracted_zero: i32,
    /// The least weight that is packed; the greatest is 127. What lies beyond is an outlier.
    pub(crate) least: i32,
}

impl PackedRange {
    /// Weights as they are.
    pub(crate) const WHOLE: Self = Self { subtracted_zero: 0, least: -128 };

    /// What is packed of a weight.
    #[inline(always)]
    pub(crate) fn pack(self, weight: i8) -> i8 {
        (i32::from(weight) - self.subtracted_zero).clamp(self.least, 127) as i8
    }

    /// What a packed weight lacks.
    pub(crate) fn lacks(self, weight: i8) -> i32 {
        i32::from(weight) - self.subtracted_zero - i32::from(self.pack(weight))
    }
}

/// A panel with how it is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panel {
    pub(crate) source: PanelSource,
    pub(crate) range: PackedRange,
}

/// The panels of all parts: channels in order, never across a part or group boundary.
pub(crate) fn panel_sources(spec: &ConvSpec<'_>) -> Vec<PanelSource> {
    let mut panels = Vec::new();
    for group in 0..spec.groups {
        for (part, shape) in spec.parts.iter().enumerate() {
            let channels = shape.channels / spec.groups;
            for start in (0..channels).step_by(LANES) {
                let count = LANES.min(channels - start);
                panels.push(PanelSource { part, first: group * channels + start, count, group });
            }
        }
    }
    panels
}

impl Panel {
    /// Packs the panel in the given order; weights that leave eight bits are clipped. Lines are all 0 before.
    pub(crate) fn pack(&self, spec: &ConvSpec<'_>, order: &Order, lines: &mut [Line]) {
        let weights = &spec.parts[self.source.part].weights;
        let [rows, taps] = spec.window.taps;
        for (segment, lines) in lines.chunks_exact_mut(order.segment_pitch().max(1)).enumerate() {
            let packed: &mut [i8] = bytemuck::cast_slice_mut(&mut lines[..order.segment_lines()]);
            let [row, tap] = order.first_tap(segment);
            for column in 0..self.source.count {
                // The weights of a segment lie in the file as they do in K.
                let first = (((self.source.first + column) * rows + row) * taps + tap) * order.channels;
                let of_column = &weights.bytes[first..first + order.segment_weights()];
                match order.layout.block() {
                    4 => self.pack_column::<4>(weights, of_column, column, packed),
                    8 => self.pack_column::<8>(weights, of_column, column, packed),
                    _ => self.pack_column::<16>(weights, of_column, column, packed),
                }
            }
        }
    }

    /// Packs the weights of a column in one segment, in blocks of `BLOCK`.
    fn pack_column<const BLOCK: usize>(&self, weights: &Weights<'_>, segment: &[u8], column: usize, packed: &mut [i8]) {
        // Copies, so that loops over bytes have nothing to decide.
        let (range, flip) = (self.range, weights.sign_flip());
        let (blocks, rest) = segment.as_chunks::<BLOCK>();
        for (packed, block) in packed.chunks_exact_mut(BLOCK * LANES).zip(blocks) {
            for (packed, &byte) in packed[BLOCK * column..][..BLOCK].iter_mut().zip(block) {
                *packed = range.pack((byte ^ flip) as i8);
            }
        }
        // A last block may be narrower.
        let packed = &mut packed[BLOCK * LANES * blocks.len()..];
        let step = BLOCK.min(packed.len() / LANES);
        for (packed, &byte) in packed[step * column..].iter_mut().zip(rest) {
            *packed = range.pack((byte ^ flip) as i8);
        }
    }
}
