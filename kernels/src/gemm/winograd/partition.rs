//! How the patches of a convolution are cut: blocks and tasks.

use core::ops::Range;

use super::super::partition::{shrinking, split};

/// Most patches of a block.
pub(super) const MAX_BLOCK: usize = 56;
/// Transformed inputs of a block should stay in the second-level cache beside the weights.
const BLOCK_BYTES: usize = 256 << 10;

/// Patches times panel groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) patches: Range<usize>,
    pub(super) groups: Range<usize>,
}

/// Patches of a block, where one takes so many bytes of transformed inputs, and tiles have so many rows.
pub(super) fn block_patches(patch_bytes: usize, rows: usize) -> usize {
    (BLOCK_BYTES / patch_bytes).clamp(rows, MAX_BLOCK) / rows * rows
}

/// Cuts the patches into tasks that shrink from both ends to the middle, as those of other convolutions do. Where patches are
/// few, groups are cut, and each task transforms the inputs that it needs.
pub(super) fn tasks(patches: usize, groups: usize, rows: usize, threads: usize) -> Vec<Task> {
    if threads == 1 {
        return vec![Task { patches: 0..patches, groups: 0..groups }];
    }
    let pieces = shrinking(patches, threads, 1, rows);
    let parts = (2 * threads).div_ceil(pieces.len());
    let of_piece = |patches: Range<usize>| {
        split(0..groups, parts).into_iter().map(move |groups| Task { patches: patches.clone(), groups })
    };
    pieces.into_iter().flat_map(of_piece).collect()
}
