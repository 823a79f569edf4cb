//! Segments that follow each other in the panels, for methods that do not care where the activations lie.

use alloc::vec::Vec;
use core::ops::Range;

use super::class::Segment;

/// Segments that follow each other in the panels, whether or not they do in the activations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PanelRange {
    /// Which segments.
    pub(crate) segments: Range<usize>,
    /// The first's line within a panel.
    pub(crate) line: usize,
    /// Lines of all.
    pub(crate) lines: usize,
}

/// Coalesces segments whose lines follow each other.
pub(crate) fn panel_ranges(segments: &[Segment]) -> Vec<PanelRange> {
    let mut ranges: Vec<PanelRange> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let line = segment.line as usize;
        match ranges.last_mut() {
            Some(range) if range.line + range.lines == line => {
                range.segments.end = index + 1;
                range.lines += segment.steps();
            }
            _ => ranges.push(PanelRange { segments: index..index + 1, line, lines: segment.steps() }),
        }
    }
    ranges
}
