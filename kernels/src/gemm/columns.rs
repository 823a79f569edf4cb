//! How sixteen output channels end: requantization and destination.

use super::ConvPart;
use super::pack::PanelSource;
use crate::requantize::{OutputRange, Requantizer};

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
    /// Channels `source.first..source.first + source.count` of a part.
    pub(crate) fn new(part: &ConvPart<'_>, source: PanelSource) -> Self {
        let PanelSource { part: index, first, count, .. } = source;
        let range = OutputRange {
            zero: part.output_zero,
            min: part.output_min,
            max: part.output_max,
            offset: part.output_offset,
        };
        Self {
            requantizer: Requantizer::new(part.requantize, range, first..first + count, i64::MAX),
            weight_zero: part.weights.signed_zero() - source.zero_taken,
            count,
            part: index,
            offset: first,
            pixel_stride: part.pixel_stride,
        }
    }
}
