//! What a convolution wants of the way in which an instruction set multiplies.
//!
//! A [`Method`] is a way: it says how weights are to lie and how the work is to be cut, and packs the weights. [`PackedWeights`]
//! compute with them. Whatever depends on how products are formed is theirs; the driver (`layer.rs`) knows rows, panels and
//! tasks.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::block::Block;
use super::geometry::Geometry;
use super::layout::Layout;
use super::outliers::Outlier;
use super::pack::{Panel, PanelSource};
use super::spec::ConvSpec;
use super::statistics::ConvStatistics;
use crate::kernel_id::KernelId;
use crate::memory::Line;
use crate::packed::{Packing, Unfit};

/// A way to multiply, with the kernels of an instruction set.
pub(crate) trait Method: Sync {
    /// How packed weights lie.
    fn layout(&self) -> Layout;

    /// Whether it can compute a convolution.
    fn suits(&self, _spec: &ConvSpec<'_>) -> bool {
        true
    }

    /// Its kernels.
    fn kernels(&self) -> Vec<KernelId>;

    /// The kernel that does most of a layer's work.
    fn main_kernel(&self, work: MainWork) -> KernelId;

    /// Most panels of a group.
    fn max_panels(&self) -> usize;

    /// Rows that blocks should be a multiple of: what the heights of all kernels divide well.
    fn row_quantum(&self) -> usize;

    /// Whether reading the weights once more costs so much that blocks of rows are even, without a last one of a row or two, and
    /// classes take turns with each part of the weights.
    fn wants_few_passes(&self) -> bool {
        false
    }

    /// Whether it copies the whole K of every row, so that a block's copies should stay in the first-level cache.
    fn copies_rows(&self) -> bool {
        false
    }

    /// Work of a task, in lines times rows, that takes well less than a millisecond: a run that is cancelled goes on to the end of
    /// the task.
    fn most_work(&self) -> u64 {
        1 << 21
    }

    /// Packs the weights, or takes what was packed before.
    ///
    /// # Errors
    /// What was packed before is not of such a convolution.
    fn pack(
        &'static self,
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        sources: &[PanelSource],
        packing: &mut Packing,
    ) -> Result<Packed, Unfit>;
}

/// The shape of most of a layer's work: its largest border class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MainWork {
    /// Rows of the class.
    pub(crate) rows: usize,
    /// Steps of four k of the class.
    pub(crate) lines: usize,
    /// Panels of the widest group.
    pub(crate) panels: usize,
    /// Panels of all groups.
    pub(crate) all_panels: usize,
}

/// What packing brings about.
pub(crate) struct Packed {
    /// The panels, in the order of their sources.
    pub(crate) panels: Vec<Panel>,
    /// What the packed weights lack.
    pub(crate) outliers: Vec<Outlier>,
    /// The weights.
    pub(crate) weights: Box<dyn PackedWeights>,
}

/// Packed weights of a convolution, with the kernels that take them.
pub(crate) trait PackedWeights: Send + Sync {
    /// Bytes that they take.
    fn bytes(&self) -> usize;

    /// Notes what packing made of them.
    fn describe(&self, statistics: &mut ConvStatistics);

    /// Lines of workspace that [`PackedWeights::run`] needs for any block of at most so many rows.
    fn workspace_lines(&self, _geometry: &Geometry, _block_rows: usize) -> usize {
        0
    }

    /// Computes a block.
    ///
    /// # Safety
    /// The CPU has the method's instruction set. As [`TileFn`](super::tile::TileFn) for every row, panel and group of the
    /// block, which is one of the convolution that the weights were packed for.
    unsafe fn run(&self, block: &Block<'_>, workspace: &mut [Line]);
}
