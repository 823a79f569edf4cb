//! Packed weights: bytes, from which a task transforms those of a panel group when it needs them.
//!
//! Transformed weights are eight times as large, and would come from beyond the second-level cache in every inference,
//! which takes longer than to transform them.

use alloc::vec::Vec;

use super::super::pack::PanelSource;
use super::super::spec::ConvSpec;
use crate::arch::LANES;
use crate::isa::Storage;
use crate::memory::Line;
use crate::packed::{PackedLayout, PackedSlice, Packing, Unfit};

/// Taps of a window.
pub(super) const TAPS: usize = 9;
/// Bytes of a tap of two channels: sixteen columns of each.
pub(super) const TAP_BYTES: usize = 2 * LANES;

/// What packed weights are called where they are stored.
pub(super) const fn layout(side_by_side: bool) -> &'static PackedLayout {
    const SIDE_BY_SIDE: PackedLayout = PackedLayout::new("winograd.side_by_side", 1);
    const APART: PackedLayout = PackedLayout::new("winograd.apart", 1);
    if side_by_side { &SIDE_BY_SIDE } else { &APART }
}

/// Weights as they are stored: panels, then pairs of channels, then taps, then columns and channels.
pub(super) struct TapWeights {
    lines: PackedSlice<Line>,
    pairs: usize,
    /// What every panel's weights are less by.
    zeros: Vec<i16>,
}

impl TapWeights {
    /// Packs the weights as bytes of the kind that the instruction set stores. The two channels of a column lie side by side, or all
    /// columns of one before those of the other. What is no channel or column has the zero point.
    ///
    /// # Errors
    /// What was packed before has another layout or length.
    pub(super) fn new(
        spec: &ConvSpec<'_>,
        sources: &[PanelSource],
        (storage, side_by_side): (Storage, bool),
        packing: &mut Packing,
    ) -> Result<Self, Unfit> {
        let pairs = spec.input.channels.div_ceil(2);
        let (least, _) = storage.range();
        // From signed bytes to stored ones.
        let offset = least - i32::from(i8::MIN);
        let zeros =
            sources.iter().map(|source| (spec.parts[source.part].weights.signed_zero() + offset) as i16).collect();
        let count = sources.len() * Self::panel_lines(pairs);
        let pack = |lines: &mut [Line]| Self::pack(spec, sources, (offset, side_by_side), lines);
        Ok(Self { lines: packing.buffer_in_place(layout(side_by_side), count, pack)?, pairs, zeros })
    }

    fn pack(spec: &ConvSpec<'_>, sources: &[PanelSource], (offset, side_by_side): (i32, bool), lines: &mut [Line]) {
        let channels = spec.input.channels;
        let panel_lines = Self::panel_lines(channels.div_ceil(2));
        for (panel, source) in lines.chunks_exact_mut(panel_lines.max(1)).zip(sources) {
            let weights = &spec.parts[source.part].weights;
            let zero = weights.signed_zero() + offset;
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(panel);
            bytes.fill(zero as u8);
            let (flip, offset) = (weights.sign_flip(), offset as u8);
            // Where the second channel of a column is, from the first.
            let (column, second) = if side_by_side { (2, 1) } else { (1, LANES) };
            let rows =
                weights.bytes[source.first * TAPS * channels..].chunks_exact(channels.max(1)).take(source.count * TAPS);
            for (row, weights) in rows.enumerate() {
                let first = row % TAPS * TAP_BYTES + row / TAPS * column;
                for (pair, weights) in weights.chunks(2).enumerate() {
                    let packed = &mut bytes[first + pair * TAPS * TAP_BYTES..];
                    for (k, &byte) in weights.iter().enumerate() {
                        packed[k * second] = (byte ^ flip).wrapping_add(offset);
                    }
                }
            }
        }
    }

    /// Lines of a panel of so many pairs of channels.
    fn panel_lines(pairs: usize) -> usize {
        (pairs * TAPS * TAP_BYTES).div_ceil(size_of::<Line>())
    }

    /// The weights of a panel, and their zero point.
    pub(super) fn of_panel(&self, panel: usize) -> (&[u8], i16) {
        let lines = Self::panel_lines(self.pairs);
        (bytemuck::cast_slice(&self.lines[panel * lines..][..lines]), self.zeros[panel])
    }

    /// Pairs of channels.
    pub(super) fn pairs(&self) -> usize {
        self.pairs
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }
}
