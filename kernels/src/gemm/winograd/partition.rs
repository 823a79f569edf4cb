//! How the patches of a convolution are cut: blocks and tasks.

use alloc::vec::Vec;
use core::ops::Range;

use super::super::partition::shrinking;
use super::super::spec::ConvSpec;
use super::inputs::Strides;
use super::patch::{POINTS, Patches};
use crate::arch::LANES;
use crate::layer::split;
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

/// Tasks of a layer beyond which none are made for the sake of short ones, since their number in a layer is limited.
const MOST_TASKS: usize = 1 << 11;

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

    /// Cuts the patches into tasks: one for each thread where that makes a few blocks, else such as shrink from both ends to the
    /// middle, as those of other convolutions do, and are no less than half a block, since each transforms the weights that it
    /// needs. Where patches are few, groups are cut, and each task transforms the inputs that it needs. Of each of these, each
    /// block is a task: it costs the same, and a run that is cancelled ends sooner.
    pub(super) fn tasks(&self, groups: usize, threads: usize) -> Vec<Task> {
        let Self { patches, rows, block_patches, .. } = *self;
        let pieces = if threads == 1 || patches <= threads * 4 * MAX_BLOCK {
            split(0..patches, threads.min(patches.div_ceil(rows)), 1)
        } else {
            shrinking(patches, threads, MAX_BLOCK / 2, rows)
        };
        let parts = threads.div_ceil(pieces.len());
        let of_piece = |patches: Range<usize>| {
            split(0..groups, parts, 1).into_iter().map(move |groups| Task { patches: patches.clone(), groups })
        };
        let longest = block_patches.max((patches * parts).div_ceil(MOST_TASKS));
        let blocks = |task: Task| {
            let count = task.patches.len().div_ceil(longest);
            split(task.patches, count, 1).into_iter().map(move |patches| Task { patches, groups: task.groups.clone() })
        };
        pieces.into_iter().flat_map(of_piece).flat_map(blocks).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_cover_all_and_are_a_block_at_most() {
        for (patches, block_patches) in
            [(1, 1), (5, 5), (81, 81), (112, 112), (113, 112), (1369, 112), (9000, 14), (70_000, 28)]
        {
            for (threads, groups) in [(1, 1), (1, 5), (2, 3), (3, 4), (8, 2)] {
                let values = Strides { patch: 0, point: 0 };
                let cut = Cut { patches, block_patches, rows: 14, panels: 2, values, weight_stride: 0 };
                let tasks = cut.tasks(groups, threads);
                let name = format!("{patches} patches, {groups} groups, {threads} threads");
                let work: usize = tasks.iter().map(|task| task.patches.len() * task.groups.len()).sum();
                assert_eq!(work, patches * groups, "{name}");
                assert!(tasks.windows(2).all(|pair| pair[0].patches.start <= pair[1].patches.start), "{name}");
                assert!(tasks.len() <= MOST_TASKS + 64, "{name}: {} tasks", tasks.len());
                let longest = tasks.iter().map(|task| task.patches.len()).max().unwrap_or(0);
                let many = patches / block_patches > MOST_TASKS / 8;
                assert!(longest <= block_patches || many, "{name}: {longest} patches");
            }
        }
    }
}
