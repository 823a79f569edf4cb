//! How a convolution is computed.

use super::any_window::AnyWindow;
use super::geometry::{Geometry, Rows};
use super::sliding_columns::SlidingColumns;
use super::sliding_rows::SlidingRows;
use super::spec::DepthwiseSpec;
use super::table::{Descriptor, FAMILY};
use crate::kernel_id::KernelId;

/// A way to compute a convolution, with the weights as it packs them.
pub(super) enum Strategy {
    /// Tiles of border classes.
    AnyWindow(AnyWindow),
    /// A window of interleaved taps that slides along a row, 64 channels at a time.
    SlidingColumns(SlidingColumns),
    /// A window that slides along one or two rows, eight channels at a time.
    SlidingRows(SlidingRows),
}

impl Strategy {
    /// The best of an instruction set's strategies that takes a specification.
    pub(super) fn new(kernels: &'static Descriptor, spec: &DepthwiseSpec<'_>) -> Self {
        if let Some(rows) = SlidingRows::new(kernels.rows, spec) {
            return Self::SlidingRows(rows);
        }
        if let Some(columns) = kernels.columns.and_then(|kernel| SlidingColumns::new(kernel, spec)) {
            return Self::SlidingColumns(columns);
        }
        Self::AnyWindow(AnyWindow::new(&kernels.tiles, kernels.quads, spec))
    }

    /// The kernel, of those of an instruction set.
    pub(super) fn kernel(&self, kernels: &Descriptor) -> KernelId {
        match self {
            Self::AnyWindow(tiles) => KernelId::new(FAMILY, kernels.isa, tiles.name(kernels.name)),
            Self::SlidingColumns(columns) => KernelId::new(FAMILY, kernels.isa, columns.name()),
            Self::SlidingRows(rows) => KernelId::new(FAMILY, rows.kernel().isa(), rows.kernel().name()),
        }
    }

    /// Bytes of packed weights and tables.
    pub(super) fn packed_bytes(&self) -> usize {
        match self {
            Self::AnyWindow(tiles) => tiles.packed_bytes(),
            Self::SlidingColumns(columns) => columns.packed_bytes(),
            Self::SlidingRows(rows) => rows.packed_bytes(),
        }
    }

    /// Bytes past the first channel of a pixel that may be read.
    pub(super) fn reach(&self) -> usize {
        match self {
            Self::AnyWindow(tiles) => tiles.reach(),
            Self::SlidingColumns(columns) => columns.reach(),
            Self::SlidingRows(rows) => rows.reach(),
        }
    }

    /// Rows of outputs that are computed together.
    pub(super) fn together(&self) -> usize {
        match self {
            Self::AnyWindow(_) | Self::SlidingColumns(_) => 1,
            Self::SlidingRows(rows) => rows.together(),
        }
    }

    /// Computes rows of outputs, at most [`Strategy::together`].
    ///
    /// # Safety
    /// The CPU has the instruction set; [`Strategy::reach`] bytes are readable at every pixel of the input, and nobody else
    /// touches the rows of outputs.
    pub(super) unsafe fn run(&self, geometry: &Geometry, rows: &Rows) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::AnyWindow(tiles) => tiles.run(geometry, rows),
                Self::SlidingColumns(columns) => columns.run(geometry, rows),
                Self::SlidingRows(in_rows) => in_rows.run(geometry, rows),
            }
        }
    }
}
