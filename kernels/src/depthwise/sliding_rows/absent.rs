//! The strategy of sliding rows on architectures that have no kernels for it: no convolution takes it.

use super::geometry::{Geometry, Rows};
use super::spec::DepthwiseSpec;
use crate::isa::Isa;

/// An instruction set's way to compute rows, of which there is none.
pub(super) enum SlidingRowKernel {}

/// A convolution in rows, of which there is none.
pub(super) enum SlidingRows {}

impl SlidingRowKernel {
    pub(super) fn isa(&self) -> Isa {
        match *self {}
    }

    pub(super) fn name(&self) -> &'static str {
        match *self {}
    }
}

impl SlidingRows {
    pub(super) fn new(_: &'static [SlidingRowKernel], _: &DepthwiseSpec<'_>) -> Option<Self> {
        None
    }

    pub(super) fn kernel(&self) -> &'static SlidingRowKernel {
        match *self {}
    }

    pub(super) fn packed_bytes(&self) -> usize {
        match *self {}
    }

    pub(super) fn reach(&self) -> usize {
        match *self {}
    }

    pub(super) fn together(&self) -> usize {
        match *self {}
    }

    /// # Safety
    /// It is never called.
    pub(super) unsafe fn run(&self, _: &Geometry, _: &Rows) {
        match *self {}
    }
}
