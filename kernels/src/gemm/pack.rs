//! Packing of convolution weights into lines of sixteen columns by four k.
//!
//! A panel holds sixteen output channels: its lines follow K, and a line has the weights of sixteen columns for four
//! k, in the [`Layout`] that the instruction set wants.
//! K is ordered as the activations lie in memory: kernel row, tap across, channel. How far a run
//! of K stays contiguous decides the [`RunKind`]; the end of each run is padded with zero weights.

use core::ops::Range;

use super::layout::Layout;
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
/// channels to be a multiple of the layout's blocks; otherwise each range of taps across has its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) layout: Layout,
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
        self.layout.lines(self.run_weights())
    }

    /// Lines of one panel.
    pub(crate) fn panel_lines(&self) -> usize {
        match self.run {
            RunKind::Row => self.down * self.run_lines(),
            RunKind::Tap => self.down * self.across.len() * self.run_lines(),
        }
    }

    /// Weights of a column in one run, without its padding.
    fn run_weights(&self) -> usize {
        match self.run {
            RunKind::Row => self.across.len() * self.channels,
            RunKind::Tap => self.channels,
        }
    }

    /// The tap (row, across) that a run begins with.
    fn first_tap(&self, run: usize) -> [usize; 2] {
        match self.run {
            RunKind::Row => [run, self.across.start],
            RunKind::Tap => [run / self.across.len(), self.across.start + run % self.across.len()],
        }
    }

    /// Bytes from the window's first tap to the four activations of a line.
    pub(crate) fn offset(&self, tap_steps: [usize; 2], line: usize) -> usize {
        let (run, within) = (line / self.run_lines(), 4 * (line % self.run_lines()));
        tap_offset(tap_steps, self.first_tap(run)) + within
    }
}

/// Bytes from a tap to the next, down and across; no more than a `usize` holds.
pub(crate) fn tap_steps(spec: &ConvSpec<'_>) -> [usize; 2] {
    let pixel = spec.input.pixel_stride;
    let steps = [spec.input.width * pixel, pixel];
    core::array::from_fn(|axis| steps[axis].saturating_mul(spec.window.dilation[axis]))
}

/// Bytes from the window's first tap to another.
pub(crate) fn tap_offset(tap_steps: [usize; 2], tap: [usize; 2]) -> usize {
    tap[0] * tap_steps[0] + tap[1] * tap_steps[1]
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
    /// The least weight that is packed; what others are below it is in excess.
    pub(crate) least: i32,
}

/// The panels of all parts: channels in order, never across a part or group boundary.
pub(crate) fn panel_sources(spec: &ConvSpec<'_>) -> Vec<PanelSource> {
    let mut panels = Vec::new();
    for group in 0..spec.groups {
        for (part, shape) in spec.parts.iter().enumerate() {
            let channels = shape.channels / spec.groups;
            for start in (0..channels).step_by(LANES) {
                let count = LANES.min(channels - start);
                panels.push(PanelSource {
                    part,
                    first: group * channels + start,
                    count,
                    group,
                    zero_taken: 0,
                    least: -128,
                });
            }
        }
    }
    panels
}

/// Packs one panel in the given order; weights that leave eight bits are clipped. Lines are all 0 before.
pub(crate) fn pack_panel(spec: &ConvSpec<'_>, order: &Order, source: PanelSource, lines: &mut [Line]) {
    let weights = &spec.parts[source.part].weights;
    let [rows, taps] = spec.window.taps;
    let run_lines = order.run_lines();
    for (run, lines) in lines.chunks_exact_mut(run_lines.max(1)).enumerate() {
        let packed: &mut [i8] = bytemuck::cast_slice_mut(lines);
        let [row, tap] = order.first_tap(run);
        for column in 0..source.count {
            // The weights of a run lie in the file as they do in K.
            let first = (((source.first + column) * rows + row) * taps + tap) * order.channels;
            let of_column = &weights.bytes[first..first + order.run_weights()];
            match order.layout {
                Layout::Fours => source.pack_column::<4>(weights, of_column, column, packed),
                Layout::Eights => source.pack_column::<8>(weights, of_column, column, packed),
                Layout::Sixteens => source.pack_column::<16>(weights, of_column, column, packed),
            }
        }
    }
}

impl PanelSource {
    /// Packs the weights of a column in one run, in blocks of `BLOCK`.
    fn pack_column<const BLOCK: usize>(&self, weights: &Weights<'_>, run: &[u8], column: usize, packed: &mut [i8]) {
        let pack = |byte: u8| (i32::from(weights.signed_byte(byte)) - self.zero_taken).clamp(self.least, 127) as i8;
        let (blocks, rest) = run.as_chunks::<BLOCK>();
        for (packed, block) in packed.chunks_exact_mut(BLOCK * LANES).zip(blocks) {
            packed[BLOCK * column..][..BLOCK].copy_from_slice(&block.map(pack));
        }
        // A last block may be narrower.
        let packed = &mut packed[BLOCK * LANES * blocks.len()..];
        let step = BLOCK.min(packed.len() / LANES);
        for (packed, &byte) in packed[step * column..].iter_mut().zip(rest) {
            *packed = pack(byte);
        }
    }
}

impl Weights<'_> {
    /// Weight `index` in signed form: unsigned weights move by 128, and their zero point with them.
    pub(crate) fn signed(&self, index: usize) -> i8 {
        self.signed_byte(self.bytes[index])
    }

    /// A weight's byte in signed form.
    fn signed_byte(&self, byte: u8) -> i8 {
        if self.signed { byte as i8 } else { (byte ^ 0x80) as i8 }
    }

    /// The zero point that belongs to [`Weights::signed`].
    pub(crate) fn signed_zero(&self) -> i32 {
        if self.signed { self.zero } else { self.zero - 128 }
    }
}
