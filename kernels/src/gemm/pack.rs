//! Packing of convolution weights into lines of sixteen columns by four k.
//!
//! A panel holds sixteen output channels: its lines follow K in an [`Order`], and a line has the weights of sixteen columns
//! for four k, in the [`Layout`](super::layout::Layout) that the instruction set wants.

use alloc::vec::Vec;
use core::array;

use super::order::Order;
use super::spec::ConvSpec;
use crate::arch::LANES;
use crate::memory::Line;

/// Blocks of a column that are packed before those of the next.
const TILE_BLOCKS: usize = 16;

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
        // A zero point that is subtracted is a weight, so 16 bits are enough, of which a vector holds more.
        (i16::from(weight) - self.subtracted_zero as i16).clamp(self.least as i16, 127) as i8
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
            let of_column = |column: usize| {
                if column >= self.source.count {
                    return &[][..];
                }
                // The weights of a segment lie in the file as they do in K.
                let first = (((self.source.first + column) * rows + row) * taps + tap) * order.channels;
                &weights.bytes[first..first + order.segment_weights()]
            };
            let columns: [&[u8]; LANES] = array::from_fn(of_column);
            let columns = &columns[..self.source.count];
            match order.layout.block() {
                4 => self.pack_columns::<4>(weights.sign_flip(), columns, packed),
                8 => self.pack_columns::<8>(weights.sign_flip(), columns, packed),
                _ => self.pack_columns::<16>(weights.sign_flip(), columns, packed),
            }
        }
    }

    /// Whether -128 is among the packed weights.
    pub(crate) fn holds_least(&self, spec: &ConvSpec<'_>) -> bool {
        let weights = &spec.parts[self.source.part].weights;
        let flip = weights.sign_flip();
        let of_panel = &weights.bytes[self.source.first * spec.depth()..][..self.source.count * spec.depth()];
        let least = of_panel.iter().fold(i8::MAX, |least, &byte| least.min((byte ^ flip) as i8));
        self.range.pack(least) == i8::MIN
    }

    /// Packs the weights of columns in one segment, in blocks of `BLOCK`.
    fn pack_columns<const BLOCK: usize>(&self, flip: u8, columns: &[&[u8]], packed: &mut [i8]) {
        // A copy, so that loops over bytes have nothing to decide.
        let range = self.range;
        let blocks = columns.first().map_or(0, |column| column.len()) / BLOCK;
        let (whole, last) = packed.split_at_mut(BLOCK * LANES * blocks);
        // Of each column a cache line or more at a time, so that lines are written while they are near.
        for (tile, packed) in whole.chunks_mut(BLOCK * LANES * TILE_BLOCKS).enumerate() {
            for (index, column) in columns.iter().enumerate() {
                let weights = column.as_chunks::<BLOCK>().0[tile * TILE_BLOCKS..].iter();
                let cells = packed.as_chunks_mut::<BLOCK>().0[index..].iter_mut().step_by(LANES);
                cells.zip(weights).for_each(|(cell, weights)| *cell = weights.map(|byte| byte as i8));
            }
            // Most networks' weights are packed as they are.
            if range != PackedRange::WHOLE || flip != 0 {
                for block in packed.chunks_exact_mut(BLOCK * LANES) {
                    for packed in &mut block[..BLOCK * columns.len()] {
                        *packed = range.pack(*packed ^ flip as i8);
                    }
                }
            }
        }
        // A last block may be narrower.
        let step = BLOCK.min(last.len() / LANES);
        for (index, column) in columns.iter().enumerate() {
            for (packed, &byte) in last[step * index..].iter_mut().zip(&column[BLOCK * blocks..]) {
                *packed = range.pack((byte ^ flip) as i8);
            }
        }
    }
}
