//! The weight transform: `U = G g G^T` of each output and input channel, packed as tiles want it.
//!
//! ```text
//! G = 6  0  0
//!     1  1  1
//!     1 -1  1        the first and the last row times six, for which the products' other factors lack it
//!     1  2  4
//!     1 -2  4
//!     0  0  6
//! ```
//!
//! Entries of a row add up to at most 7 in magnitude, so values of weights less their zero point, at most 255, have 49
//! times that at most, which 16 bits hold.

use super::super::pack::PanelSource;
use super::super::panel_epilogue::PanelGroup;
use super::super::spec::ConvSpec;
use super::patch::{POINTS, SPAN};
use crate::arch::LANES;
use crate::memory::Line;

/// Taps of a window along an axis.
const TAPS: usize = 3;

/// Transformed weights: panels, then points, then pairs of channels, then columns and channels. Tiles of several panels read
/// them as as many streams, each of which the hardware fetches ahead.
pub(super) struct PointWeights {
    lines: Vec<Line>,
    pairs: usize,
}

impl PointWeights {
    /// Transforms and packs the weights. The two channels of a column lie side by side, or all columns of one before those
    /// of the other.
    pub(super) fn pack(spec: &ConvSpec<'_>, sources: &[PanelSource], side_by_side: bool) -> Self {
        let pairs = spec.input.channels.div_ceil(2);
        let mut lines = vec![Line::ZERO; sources.len() * POINTS * pairs];
        for (panel, source) in lines.chunks_exact_mut(POINTS * pairs).zip(sources) {
            for pair in 0..pairs {
                let of_pair = [0, 1].map(|k| transform(&taps(spec, source, 2 * pair + k)));
                for point in 0..POINTS {
                    let line: &mut [i16] =
                        bytemuck::cast_slice_mut(&mut panel[point * pairs + pair..=point * pairs + pair]);
                    for (k, of_channel) in of_pair.iter().enumerate() {
                        for (lane, &value) in of_channel[point].iter().enumerate() {
                            line[if side_by_side { 2 * lane + k } else { LANES * k + lane }] = value;
                        }
                    }
                }
            }
        }
        Self { lines, pairs }
    }

    /// The values of a group.
    pub(super) fn of_group(&self, group: PanelGroup) -> &[i16] {
        let panel_lines = POINTS * self.pairs;
        bytemuck::cast_slice(&self.lines[group.first * panel_lines..][..group.panels * panel_lines])
    }

    /// Pairs of channels.
    pub(super) fn pairs(&self) -> usize {
        self.pairs
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }
}

/// One value for each column of a panel.
type Columns = [i16; LANES];

/// The weights of a panel less their zero point at each tap, for an input channel; 0 where there is no such channel or
/// column.
fn taps(spec: &ConvSpec<'_>, source: &PanelSource, channel: usize) -> [Columns; TAPS * TAPS] {
    let mut taps = [[0; LANES]; TAPS * TAPS];
    let channels = spec.input.channels;
    if channel < channels {
        let weights = &spec.parts[source.part].weights;
        let zero = weights.signed_zero();
        for lane in 0..source.count {
            for (tap, columns) in taps.iter_mut().enumerate() {
                let weight = weights.signed(((source.first + lane) * TAPS * TAPS + tap) * channels + channel);
                columns[lane] = (i32::from(weight) - zero) as i16;
            }
        }
    }
    taps
}

/// The weights at every point.
fn transform(taps: &[Columns; TAPS * TAPS]) -> [Columns; POINTS] {
    let mut rows = [[[0; LANES]; TAPS]; SPAN];
    for x in 0..TAPS {
        for (row, value) in rows.iter_mut().zip(step([taps[x], taps[TAPS + x], taps[2 * TAPS + x]])) {
            row[x] = value;
        }
    }
    let mut points = [[0; LANES]; POINTS];
    for (points, row) in points.chunks_exact_mut(SPAN).zip(rows) {
        points.copy_from_slice(&step(row));
    }
    points
}

/// `G g` of one column, or row.
fn step(g: [Columns; TAPS]) -> [Columns; SPAN] {
    let each = |f: fn(i16, i16, i16) -> i16| core::array::from_fn(|lane| f(g[0][lane], g[1][lane], g[2][lane]));
    [
        each(|a, _, _| 6 * a),
        each(|a, b, c| a + b + c),
        each(|a, b, c| a - b + c),
        each(|a, b, c| a + 2 * b + 4 * c),
        each(|a, b, c| a - 2 * b + 4 * c),
        each(|_, _, c| 6 * c),
    ]
}
