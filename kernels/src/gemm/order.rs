//! The order of K in packed weights.
//!
//! K is ordered as the activations lie in memory: kernel row, tap across, channel. How far it stays contiguous there decides
//! the [`SegmentKind`]; the end of each segment is padded with zero weights.

use core::ops::Range;

use super::layout::Layout;

/// What is contiguous in the activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentKind {
    /// All taps of a kernel row.
    Row,
    /// The channels of one tap.
    Tap,
}

/// An order of K, the same for all panels.
///
/// Border classes share one order where a segment can be entered at any tap, which needs the
/// channels to be a multiple of the layout's blocks; otherwise each range of taps across has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) layout: Layout,
    pub(crate) segment: SegmentKind,
    /// Taps across that are packed.
    pub(crate) across: Range<usize>,
    /// Kernel rows.
    pub(crate) down: usize,
    /// Input channels of a group.
    pub(crate) channels: usize,
}

impl Order {
    /// Lines of one segment.
    pub(crate) fn segment_lines(&self) -> usize {
        self.layout.lines(self.segment_weights())
    }

    /// Lines from one segment to the next; those behind the segment's hold zeros.
    pub(crate) fn segment_pitch(&self) -> usize {
        self.layout.pitch(self.segment_lines())
    }

    /// Lines of one panel.
    pub(crate) fn panel_lines(&self) -> usize {
        match self.segment {
            SegmentKind::Row => self.down * self.segment_pitch(),
            SegmentKind::Tap => self.down * self.across.len() * self.segment_pitch(),
        }
    }

    /// Weights of a column in one segment, without its padding.
    pub(crate) fn segment_weights(&self) -> usize {
        match self.segment {
            SegmentKind::Row => self.across.len() * self.channels,
            SegmentKind::Tap => self.channels,
        }
    }

    /// The tap (row, across) that a segment begins with.
    pub(crate) fn first_tap(&self, segment: usize) -> [usize; 2] {
        match self.segment {
            SegmentKind::Row => [segment, self.across.start],
            SegmentKind::Tap => [segment / self.across.len(), self.across.start + segment % self.across.len()],
        }
    }
}
