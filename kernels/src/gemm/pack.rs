//! Packing of convolution weights into lines of sixteen columns by four k.
//!
//! A panel holds sixteen output channels: its lines follow K, and a line is `[16 columns][4 k]`.
//! K is ordered as the activations lie in memory: kernel row, tap across, channel. How far a run
//! of K stays contiguous decides the [`RunKind`]; the end of each run is padded with zero weights
//! to a multiple of four.

use core::ops::Range;

use super::{ConvSpec, Weights};
use crate::arch::LANES;
use crate::memory::Line;

/// What is contiguous in the activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunKind {
    /// All taps of a kernel row.
    Row,
    /// The channels of one tap.
    Tap,
}

/// Order of K, the same for all panels of a variant.
///
/// Border classes share one variant where a run can be entered at any tap, which needs the
/// channels to be a multiple of four; otherwise each range of taps across has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) run: RunKind,
    /// Taps across that are packed.
    pub(crate) across: Range<usize>,
    /// Kernel rows.
    pub(crate) down: usize,
    /// Input channels of a group.
    pub(crate) channels: usize,
}

impl Order {
    /// Lines of one run.
    pub(crate) fn run_lines(&self) -> usize {
        match self.run {
            RunKind::Row => (self.across.len() * self.channels).div_ceil(4),
            RunKind::Tap => self.channels.div_ceil(4),
        }
    }

    /// Lines of one panel.
    pub(crate) fn panel_lines(&self) -> usize {
        match self.run {
            RunKind::Row => self.down * self.run_lines(),
            RunKind::Tap => self.down * self.across.len() * self.run_lines(),
        }
    }

    /// The kernel position (row, tap across, channel) of weight `k` of line `line`, if it is not padding.
    fn position(&self, line: usize, k: usize) -> Option<[usize; 3]> {
        let (run, within) = (line / self.run_lines(), 4 * (line % self.run_lines()) + k);
        match self.run {
            RunKind::Row => (within < self.across.len() * self.channels)
                .then(|| [run, self.across.start + within / self.channels, within % self.channels]),
            RunKind::Tap => (within < self.channels)
                .then(|| [run / self.across.len(), self.across.start + run % self.across.len(), within]),
        }
    }
}

/// Which output channels of which part a panel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PanelSource {
    pub(crate) part: usize,
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Channel group.
    pub(crate) group: usize,
    /// What is taken off the weights when they are packed: their zero point or nothing.
    pub(crate) zero_taken: i32,
}

/// The panels of all parts: channels in order, never across a part or group boundary.
pub(crate) fn panel_sources(spec: &ConvSpec<'_>) -> Vec<PanelSource> {
    let mut panels = Vec::new();
    for group in 0..spec.groups {
        for (part, shape) in spec.parts.iter().enumerate() {
            let channels = shape.channels / spec.groups;
            for start in (0..channels).step_by(LANES) {
                let count = LANES.min(channels - start);
                panels.push(PanelSource { part, first: group * channels + start, count, group, zero_taken: 0 });
            }
        }
    }
    panels
}

/// Packs one panel in the given order; weights that leave eight bits are clipped.
pub(crate) fn pack_panel(spec: &ConvSpec<'_>, order: &Order, source: PanelSource, lines: &mut [Line]) {
    let weights = &spec.parts[source.part].weights;
    for (index, line) in lines.iter_mut().enumerate() {
        for k in 0..4 {
            let Some([row, tap, channel]) = order.position(index, k) else { continue };
            for column in 0..source.count {
                let at = ((source.first + column) * spec.window.taps[0] + row) * spec.window.taps[1] + tap;
                let weight = i32::from(weights.signed(at * order.channels + channel)) - source.zero_taken;
                line.0[4 * column + k] = weight.clamp(-128, 127) as i8;
            }
        }
    }
}

/// Splits a line so that both parts are safe for 16-bit pair sums of unsigned activations.
///
/// A pair is safe when its positive parts sum to at most 128 and its negative parts to at least
/// -128. The clipped pair keeps as much as is safe, and what remains is safe too, because a pair
/// sums to between -256 and 254. Returns the residual where there is one.
pub(crate) fn split_line(line: &mut Line) -> Option<Line> {
    let mut residual = Line::ZERO;
    for (pair, rest) in line.0.chunks_exact_mut(2).zip(residual.0.chunks_exact_mut(2)) {
        let (a, b) = (i32::from(pair[0]), i32::from(pair[1]));
        let positive = a.max(0) + b.max(0);
        let negative = a.min(0) + b.min(0);
        if positive > 128 || negative < -128 {
            // Both have the same sign here, and each gives up what exceeds its half.
            let clip = |w: i32| w.clamp(-64, 64) as i8;
            rest.copy_from_slice(&[(a - i32::from(clip(a))) as i8, (b - i32::from(clip(b))) as i8]);
            pair.copy_from_slice(&[clip(a), clip(b)]);
        }
    }
    (residual != Line::ZERO).then_some(residual)
}

impl Weights<'_> {
    /// Weight `index` in signed form: unsigned weights move by 128, and their zero point with them.
    pub(crate) fn signed(&self, index: usize) -> i8 {
        if self.signed { self.bytes[index] as i8 } else { (self.bytes[index] ^ 0x80) as i8 }
    }

    /// The zero point that belongs to [`Weights::signed`].
    pub(crate) fn signed_zero(&self) -> i32 {
        if self.signed { self.zero } else { self.zero - 128 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_splits_into_two_safe_ones() {
        let safe = |a: i8, b: i8| {
            let (a, b) = (i32::from(a), i32::from(b));
            a.max(0) + b.max(0) <= 128 && a.min(0) + b.min(0) >= -128
        };
        for a in i8::MIN..=i8::MAX {
            for b in i8::MIN..=i8::MAX {
                let mut line = Line::ZERO;
                line.0[6] = a;
                line.0[7] = b;
                let residual = split_line(&mut line);
                let rest = residual.unwrap_or(Line::ZERO);
                assert_eq!(residual.is_none(), safe(a, b), "{a} {b}");
                assert!(safe(line.0[6], line.0[7]) && safe(rest.0[6], rest.0[7]), "{a} {b}");
                assert_eq!(i32::from(line.0[6]) + i32::from(rest.0[6]), i32::from(a));
                assert_eq!(i32::from(line.0[7]) + i32::from(rest.0[7]), i32::from(b));
            }
        }
    }
}
