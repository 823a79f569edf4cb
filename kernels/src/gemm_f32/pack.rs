//! Packed weights: panels of sixteen columns, a line for each k.

use alloc::vec::Vec;

use super::spec::ConvF32Spec;
use crate::arch::LANES;
use crate::packed::PackedLayout;

/// What panels are called where they are stored.
pub(super) const LINES: PackedLayout = PackedLayout::new("gemm_f32.lines", 1);

/// k that are packed together: so many columns' weights stay in the first-level cache.
const BLOCK: usize = 64;

/// Neighbouring panels of one channel group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    pub(super) group: usize,
    /// First output channel, of all groups.
    pub(super) first: usize,
    /// Output channels, at most sixteen.
    pub(super) channels: usize,
}

/// The panels of all groups, in order.
pub(super) fn panels(spec: &ConvF32Spec<'_>) -> Vec<Panel> {
    let of_group = spec.channels / spec.groups;
    let in_group = |group: usize| {
        let panel =
            move |first: usize| Panel { group, first: group * of_group + first, channels: LANES.min(of_group - first) };
        (0..of_group).step_by(LANES).map(panel)
    };
    (0..spec.groups).flat_map(in_group).collect()
}

/// Writes a panel's lines, which are zero: columns that it does not have stay so.
pub(super) fn pack(spec: &ConvF32Spec<'_>, panel: Panel, lines: &mut [[f32; LANES]]) {
    let depth = spec.depth();
    let filters = &spec.weights[panel.first * depth..(panel.first + panel.channels) * depth];
    for (block, lines) in lines.chunks_mut(BLOCK).enumerate() {
        for (column, filter) in filters.chunks_exact(depth).enumerate() {
            for (line, &weight) in lines.iter_mut().zip(&filter[block * BLOCK..]) {
                line[column] = weight;
            }
        }
    }
}

/// The bias of a panel's columns; 0 where there is none.
pub(super) fn bias(spec: &ConvF32Spec<'_>, panel: &Panel) -> [f32; LANES] {
    let mut bias = [0.0; LANES];
    if !spec.bias.is_empty() {
        bias[..panel.channels].copy_from_slice(&spec.bias[panel.first..panel.first + panel.channels]);
    }
    bias
}
