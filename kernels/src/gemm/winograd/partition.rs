//! How the patches of a convolution are cut: blocks and tasks.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::super::partition::{shrinking, split};
use super::super::spec::ConvSpec;
use super::inputs::Strides;
use super::patch::{POINTS, Patches};
use crate::arch::LANES;
use crate::memory::Line;

/// 16-bit values of a line.
pub(super) const LINE_VALUES: usize = size_of::<Line>() / size_of::<i16>();
/// Lines of products of a patch and panel.
const PRODUCT_LINES: usize = POINTS * LANES * size_of::<i32>() / size_of::<Line>();
/// Most patches of a block.
pub(super) const MAX_BLOCK: usize = 112;
/// Transformed inputs of a block should stay in the second-level cache beside the weights of a panel group. The weights are transformed
/// for each block, so there should be few.
const BLOCK_BYTES: usize = 608 << 10;

/// Patches times panel groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) patches: Range<usize>,
    pub(super) groups: Range<usize>,
}

/// How a convolution is cut, and what that takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Patches of the convolution.
    pub(super) patches: usize,
    /// Most patches of a block.
    pub(super) block_patches: usize,
    /// Patches of a tile.
    pub(super) rows: usize,
    /// Most panels of a group.
    pub(super) panels: usize,
    /// How transformed inputs lie.
    pub(super) values: Strides,
    /// Transformed weights from one point to the next.
    pub(super) weight_stride: usize,
}

impl Cut {
    /// Cuts a convolution into blocks, for tiles of so many rows and panels, the rows in vectors of `width` channels.
    pub(super) fn new(spec: &ConvSpec<'_>, width: usize, [rows, panels]: [usize; 2]) -> Self {
        let channels = spec.input.channels;
        let patches = Patches::new(spec).len();
        let patch = channels.max(width).next_multiple_of(LINE_VALUES);
        let fit = BLOCK_BYTES / (POINTS * patch * size_of::<i16>());
        let block_patches = (fit.clamp(rows, MAX_BLOCK) / rows * rows).min(patches);
        // An odd number of lines between points keeps them out of each other's cache sets.
        let odd = |lines: usize| (lines | 1) * LINE_VALUES;
        let values = Strides { patch, point: odd(block_patches * patch / LINE_VALUES) };
        Self { patches, block_patches, rows, panels, values, weight_stride: odd(channels.div_ceil(2)) }
    }

    /// Blocks of all patches.
    pub(super) fn blocks(&self) -> usize {
        self.patches.div_ceil(self.block_patches)
    }

    /// Lines of a block's transformed inputs.
    pub(super) fn value_lines(&self) -> usize {
        POINTS * self.values.point / LINE_VALUES
    }

    /// Lines of a group's transformed weights.
    pub(super) fn weight_lines(&self) -> usize {
        self.panels * POINTS * self.weight_stride / LINE_VALUES
    }

    /// Lines of a tile's products.
    pub(super) fn product_lines(&self) -> usize {
        self.rows.min(self.block_patches) * self.panels * PRODUCT_LINES
    }

    /// Lines of all of them.
    pub(super) fn workspace_lines(&self) -> usize {
        self.value_lines() + self.weight_lines() + self.product_lines()
    }

    /// Cuts the patches into tasks: one for each thread where that makes one block, else such as shrink from both ends to the
    /// middle, as those of other convolutions do, and are no less than half a block, since each transforms the weights that it
    /// needs. Where patches are few, groups are cut, and each task transforms the inputs that it needs.
    pub(super) fn tasks(&self, groups: usize, threads: usize) -> Vec<Task> {
        let Self { patches, rows, .. } = *self;
        if threads == 1 {
            return vec![Task { patches: 0..patches, groups: 0..groups }];
        }
        let pieces = if patches <= threads * 4 * MAX_BLOCK {
            split(0..patches, threads.min(patches.div_ceil(rows)))
        } else {
            shrinking(patches, threads, MAX_BLOCK / 2, rows)
        };
        let parts = threads.div_ceil(pieces.len());
        let of_piece = |patches: Range<usize>| {
            split(0..groups, parts).into_iter().map(move |groups| Task { patches: patches.clone(), groups })
        };
        pieces.into_iter().flat_map(of_piece).collect()
    }
}
