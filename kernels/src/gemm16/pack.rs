//! Packed weights: panels of sixteen columns.

use alloc::vec;
use alloc::vec::Vec;

use super::spec::Conv16Spec;
use crate::arch::{LANES, Pairs16};
use crate::packed::{self, PackedLayout, Unfit};

/// Whether the sums of all pairs fit 32 bits, 0 or 1.
const SUMS_FIT: PackedLayout = PackedLayout::new("gemm16.sums_fit", 1);

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

/// How the weights of a tap lie in a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packing {
    /// Channels that are packed together.
    group: usize,
    element: Element,
}

/// What the weights of a group of channels become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    /// 16 bits, those of each column side by side.
    SideBySide,
    /// 16 bits, sixteen columns of one channel, then of the next.
    Apart,
    /// Bytes, those of each column side by side. Before all taps, 128 times the sum of each column's weights in 32 bits.
    Byte,
}

impl Packing {
    /// How [`Pairs16::add_depth`] wants it.
    pub(super) const fn pairs<A: Pairs16>() -> Self {
        Self { group: 2, element: if A::SIDE_BY_SIDE { Element::SideBySide } else { Element::Apart } }
    }

    /// How tiles of 8-bit products want so many channels at a time.
    #[cfg(target_arch = "aarch64")]
    pub(super) const fn bytes(group: usize) -> Self {
        Self { group, element: Element::Byte }
    }

    /// What panels are called where they are stored.
    pub(super) const fn layout(self) -> &'static PackedLayout {
        const SIDE_BY_SIDE: PackedLayout = PackedLayout::new("gemm16.side_by_side", 1);
        const APART: PackedLayout = PackedLayout::new("gemm16.apart", 1);
        const FOURS: PackedLayout = PackedLayout::new("gemm16.bytes.k4", 1);
        const EIGHTS: PackedLayout = PackedLayout::new("gemm16.bytes.k8", 1);
        match self.element {
            Element::SideBySide => &SIDE_BY_SIDE,
            Element::Apart => &APART,
            Element::Byte if self.group == 4 => &FOURS,
            Element::Byte => &EIGHTS,
        }
    }

    /// Activations past a pixel's channels that are read, whatever they are.
    pub(super) fn overrun(self) -> usize {
        self.group - 1
    }

    /// Values of a panel.
    pub(super) fn panel_len(self, taps: usize, depth: usize) -> usize {
        let channels = taps * depth.next_multiple_of(self.group);
        match self.element {
            Element::SideBySide | Element::Apart => channels * LANES,
            Element::Byte => (channels / 2 + 2) * LANES,
        }
    }
}

/// Appends the panel's weights: taps, then groups of channels. What is beyond the channels is 0.
pub(super) fn pack(spec: &Conv16Spec<'_>, panel: Panel, packing: Packing, packed: &mut Vec<i16>) {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    let depth = spec.group_channels();
    let group = packing.group;
    let weight = |tap: usize, column: usize, k: usize| match column < panel.channels && k < depth {
        true => spec.weights[((panel.first + column) * taps + tap) * depth + k],
        false => 0,
    };
    if packing.element == Element::Byte {
        for column in 0..LANES {
            let weights = (0..taps).flat_map(|tap| (0..depth).map(move |k| (tap, k)));
            let sum: i32 = weights.map(|(tap, k)| i32::from(weight(tap, column, k))).sum();
            packed.extend_from_slice(bytemuck::cast_slice(&[128 * sum]));
        }
    }
    for tap in 0..taps {
        for first in (0..depth).step_by(group) {
            match packing.element {
                Element::Apart => {
                    for index in 0..2 * LANES {
                        packed.push(i16::from(weight(tap, index % LANES, first + index / LANES)));
                    }
                }
                Element::SideBySide => {
                    for index in 0..2 * LANES {
                        packed.push(i16::from(weight(tap, index / 2, first + index % 2)));
                    }
                }
                Element::Byte => {
                    for index in (0..group * LANES).step_by(2) {
                        let byte = |index: usize| weight(tap, index / group, first + index % group) as u8;
                        packed.push(i16::from_ne_bytes([byte(index), byte(index + 1)]));
                    }
                }
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
///
/// # Errors
/// What was packed before says neither.
pub(super) fn budget(spec: &Conv16Spec<'_>, packing: &mut packed::Packing) -> Result<usize, Unfit> {
    /// One more would reach `2^31`.
    const ANY: usize = (1 << 31) / (2 * 128 * 32768) - 1;
    let fit = packing.buffer_of(&SUMS_FIT, 1, || vec![u32::from(largest_weight(spec) * 32768 < 1 << 31)])?;
    match fit[0] {
        0 => Ok(ANY),
        1 => Ok(usize::MAX),
        _ => Err(Unfit::new(&SUMS_FIT, "is damaged")),
    }
}
