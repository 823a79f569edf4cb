//! A block of rows times panel groups, which a method computes at a time.

use alloc::vec::Vec;
use core::ops::Range;

use super::class::Class;
use super::epilogue::{ByteEpilogue, Scratch};
use super::outliers::ClassOutlier;
use super::panel_epilogue::{PanelEpilogue, PanelGroup};
use super::real_epilogue::Reals;
use crate::arch::LANES;
use crate::memory::Output;

/// Rows of a border class, and panel groups of one channel group.
pub(crate) struct Block<'a> {
    /// Which border class; direct tiles need only the class itself.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", test))]
    pub(crate) class_index: usize,
    /// The class.
    pub(crate) class: &'a Class,
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// Index of each row's output pixel.
    pub(crate) pixels: &'a [u32],
    /// Σx of each row; empty unless some column has a weight zero point.
    pub(crate) row_sums: &'a [i32],
    /// Folded bias of all panels.
    pub(crate) bias: &'a [[i32; LANES]],
    /// What becomes of all panels.
    pub(crate) epilogues: &'a [PanelEpilogue],
    /// What the packed weights of all panels lack; empty where they are whole.
    pub(crate) outliers: &'a [Vec<ClassOutlier>],
    /// The groups to compute.
    pub(crate) groups: &'a [PanelGroup],
    /// Where the parts of the convolution write.
    pub(crate) outputs: &'a [Output<'a>],
    /// For sums that need more than most.
    pub(crate) scratch: &'a Scratch,
    /// Scales and zero points of the activations, and the sums of the weights of all panels, where outputs are float32.
    pub(crate) reals: Reals<'a>,
}

impl<'a> Block<'a> {
    /// The epilogue of rows `rows` of a group.
    #[inline]
    pub(crate) fn epilogue(&self, group: PanelGroup, rows: Range<usize>) -> ByteEpilogue<'a> {
        let panels = group.first..group.first + group.panels;
        let outliers = self.outliers.get(panels.clone()).unwrap_or(&[]);
        ByteEpilogue {
            rows: &self.rows[rows.clone()],
            pixels: &self.pixels[rows.clone()],
            row_sums: self.row_sums.get(rows).unwrap_or(&[]),
            outliers: if outliers.iter().all(Vec::is_empty) { &[] } else { outliers },
            panels: &self.epilogues[panels.clone()],
            form: group.form,
            contiguous: group.contiguous,
            outputs: self.outputs,
            scratch: self.scratch,
            reals: self.reals.of_panels(panels),
        }
    }

    /// Makes it the epilogue of other rows of the group.
    #[inline(always)]
    pub(crate) fn epilogue_rows(&self, epilogue: &mut ByteEpilogue<'a>, rows: Range<usize>) {
        epilogue.rows = &self.rows[rows.clone()];
        epilogue.pixels = &self.pixels[rows.clone()];
        epilogue.row_sums = self.row_sums.get(rows).unwrap_or(&[]);
    }
}
