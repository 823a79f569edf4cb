//! How sixteen output channels end: requantization and destination.

use super::ConvPart;
use super::pack::PanelSource;
use crate::arch::LANES;
use crate::quantization::OutputRange;
use crate::requantize::{Form, Requantizer};

/// Sixteen output channels of one part.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) requantizer: Requantizer,
    /// Weight zero point, in the packed weights' domain.
    pub(crate) weight_zero: i32,
    /// Channels that exist; the others are padding.
    pub(crate) count: usize,
    /// Which part the channels belong to.
    pub(crate) part: usize,
    /// First channel within the part's output.
    pub(crate) offset: usize,
    /// Bytes between the part's output pixels.
    pub(crate) pixel_stride: usize,
}

impl Columns {
    /// Whether panels write next to each other and clamp alike, so that a pixel of all can be stored at once.
    pub(crate) fn joined(panels: &[Self]) -> bool {
        panels.windows(2).all(|pair| {
            let [a, b] = [&pair[0], &pair[1]];
            let adjoin = a.part == b.part && a.count == LANES && a.offset + LANES == b.offset;
            adjoin && a.requantizer.clamp() == b.requantizer.clamp()
        })
    }

    /// Brings panels to one form of scaling, so that a tile need not choose for each.
    pub(crate) fn unite(panels: &mut [Self]) -> Form {
        let form = panels[0].requantizer.form();
        if panels.iter().all(|columns| columns.requantizer.form() == form) {
            return form;
        }
        if panels.iter_mut().all(|columns| columns.requantizer.round_both_signs()) { Form::Rounded } else { Form::Any }
    }

    /// Channels `source.first..source.first + source.count` of a part, whose sums' magnitude is at most
    /// `largest_sum`.
    pub(crate) fn new(part: &ConvPart<'_>, source: PanelSource, largest_sum: i64) -> Self {
        let PanelSource { part: index, first, count, .. } = source;
        let range = OutputRange {
            zero: part.output_zero,
            min: part.output_min,
            max: part.output_max,
            offset: part.output_offset,
        };
        Self {
            requantizer: Requantizer::new(part.requantize, range, first..first + count, largest_sum),
            weight_zero: part.weights.signed_zero() - source.zero_taken,
            count,
            part: index,
            offset: first,
            pixel_stride: part.pixel_stride,
        }
    }
}
