//! Packed weights: panels of sixteen columns, widened to 16 bits.

use super::Conv16Spec;
use crate::arch::LANES;

/// Neighbouring output channels of one group, at most sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panel {
    pub(super) group: usize,
    /// First output channel, of all groups.
    pub(super) first: usize,
    pub(super) channels: usize,
}

/// The panels of all groups, in order.
pub(super) fn panels(channels: usize, groups: usize) -> Vec<Panel> {
    let of_group = channels / groups;
    let mut panels = Vec::new();
    for group in 0..groups {
        for first in (0..of_group).step_by(LANES) {
            panels.push(Panel { group, first: group * of_group + first, channels: LANES.min(of_group - first) });
        }
    }
    panels
}

/// Appends the panel's weights: taps, then pairs of channels, two for each of sixteen columns in the order that
/// [`crate::arch::Pairs16::SIDE_BY_SIDE`] says. What is beyond the channels is 0.
pub(super) fn pack(spec: &Conv16Spec<'_>, panel: Panel, side_by_side: bool, packed: &mut Vec<i16>) {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let depth = spec.input.channels / spec.groups;
    for tap in 0..taps {
        for pair in 0..depth.div_ceil(2) {
            for index in 0..2 * LANES {
                let (column, half) = if side_by_side { (index / 2, index % 2) } else { (index % LANES, index / LANES) };
                let k = 2 * pair + half;
                let inside = column < panel.channels && k < depth;
                let at = ((panel.first + column) * taps + tap) * depth + k;
                packed.push(if inside { i16::from(spec.weights[at]) } else { 0 });
            }
        }
    }
}

/// Largest sum of the magnitudes of a channel's weights.
fn largest_weight(spec: &Conv16Spec<'_>) -> i64 {
    let of_channel = spec.weights.len() / spec.channels;
    let sums = spec.weights.chunks_exact(of_channel.max(1));
    sums.map(|channel| channel.iter().map(|&weight| i64::from(weight).abs()).sum()).max().unwrap_or(0)
}

/// Pairs whose sums fit 32 bits with any activations: all of them where the weights allow it, else as many as fit
/// whatever the weights are.
pub(super) fn budget(spec: &Conv16Spec<'_>) -> usize {
    /// One more would reach `2^31`.
    const ANY: usize = (1 << 31) / (2 * 128 * 32768) - 1;
    if largest_weight(spec) * 32768 < 1 << 31 { usize::MAX } else { ANY }
}
