//! Weights in the order in which tiles of joined lines take them.
//!
//! K is cut into *units*: what border classes take whole or not at all, which is a tap, or
//! everything for a class that takes all taps. Lines are joined inside their unit ([`super::join`]), and
//! a half panel is a stream:
//!
//! ```text
//! single lines: of unit 0, of unit 1, ...; groups of two lines; of three; of four; of five
//! ```
//!
//! So a range of units is one range of each of these parts. Each line has the offset of its
//! four activations, counted from where the first tap of the whole window would be.

use core::ops::Range;

use super::ConvSpec;
use super::class::Class;
use super::join::{self, HALF, HalfLine, MOST_JOINED};
use super::pack::{self, Order, PanelSource, RunKind};
use crate::arch::LANES;
use crate::memory::Line;

/// Classes that take all taps have streams of their own where a tap has fewer lines.
const WHOLE_BELOW: usize = 32;

/// The joined lines of a convolution.
pub(crate) struct Streams {
    lines: Vec<HalfLine>,
    /// Offset of each line's activations.
    offsets: Vec<u32>,
    /// For each of the [`Class::streams`], panel, half and number of lines joined: where each unit's groups start, and where the last's end.
    starts: Vec<u32>,
    /// First start, and units, of each of the [`Class::streams`].
    variants: Vec<(usize, usize)>,
    /// Bytes from a tap to the next, down and across.
    tap_steps: [usize; 2],
    statistics: JoinStatistics,
}

/// What joining made of the weights; lines are eight columns by four k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JoinStatistics {
    /// Lines that the weights fill, but for zeros.
    pub lines: usize,
    /// Lines that are added because the dot product cannot take the weights of others whole.
    pub repairs: usize,
    /// Lines and repairs that are computed alone, in groups of two, three, four and five.
    pub joined: [usize; MOST_JOINED],
}

/// Half panels and units as a tile takes them.
#[cfg_attr(not(any(target_arch = "x86_64", test)), expect(dead_code, reason = "only x86 joins lines"))]
#[derive(Clone, Copy)]
pub(crate) struct PanelStreams<'a> {
    lines: &'a [HalfLine],
    offsets: &'a [u32],
    /// For each half and number of lines joined, `units + 1` starts.
    starts: &'a [u32],
    units: usize,
    /// Which units to take.
    pub(crate) ranges: &'a [Range<usize>],
    /// Bytes from the window's first tap to the first inside.
    pub(crate) origin: usize,
}

#[cfg(any(target_arch = "x86_64", test))]
impl PanelStreams<'_> {
    /// The lines of all groups of `joined` lines of a range of units, and their offsets.
    #[inline(always)]
    pub(crate) fn groups(&self, half: usize, joined: usize, units: &Range<usize>) -> (&[HalfLine], &[u32]) {
        let starts = &self.starts[(half * MOST_JOINED + joined - 1) * (self.units + 1)..];
        let lines = starts[units.start] as usize..starts[units.end] as usize;
        (&self.lines[lines.clone()], &self.offsets[lines])
    }
}

impl Streams {
    /// Whether offsets fit their type; windows far larger than any image do not.
    pub(crate) fn suit(spec: &ConvSpec<'_>) -> bool {
        let [down, across] = pack::tap_steps(spec);
        let [rows, columns] = spec.window.taps;
        let last = down.saturating_mul(rows).saturating_add(across.saturating_mul(columns));
        u32::try_from(last.saturating_add(spec.input.channels)).is_ok()
    }

    pub(crate) fn new(spec: &ConvSpec<'_>, orders: &[Order], classes: &mut [Class], sources: &[PanelSource]) -> Self {
        let mut streams = Self {
            lines: Vec::new(),
            offsets: Vec::new(),
            starts: Vec::new(),
            variants: Vec::new(),
            tap_steps: pack::tap_steps(spec),
            statistics: JoinStatistics::default(),
        };
        for (variant, order) in orders.iter().enumerate() {
            let whole = order.panel_lines().max(1);
            let tap = lines_of_tap(order);
            let (full, partial): (Vec<&mut Class>, Vec<&mut Class>) = classes
                .iter_mut()
                .filter(|class| class.variant == variant)
                .partition(|class| class.steps() == order.panel_lines());
            // Taps of few lines leave little choice of what to join, and little to hold twice.
            if partial.is_empty() || full.is_empty() || tap < WHOLE_BELOW {
                streams.push(spec, order, sources, whole, full);
                streams.push(spec, order, sources, tap, partial);
            } else {
                streams.push(spec, order, sources, tap, full.into_iter().chain(partial).collect());
            }
        }
        streams
    }

    /// Appends streams of all panels for some classes.
    fn push(
        &mut self,
        spec: &ConvSpec<'_>,
        order: &Order,
        sources: &[PanelSource],
        unit_lines: usize,
        classes: Vec<&mut Class>,
    ) {
        if classes.is_empty() {
            return;
        }
        for class in classes {
            class.streams = self.variants.len();
            class.units = units_of(class, unit_lines);
        }
        self.variants.push((self.starts.len(), order.panel_lines() / unit_lines));
        let offsets: Vec<u32> =
            (0..order.panel_lines()).map(|line| order.offset(self.tap_steps, line) as u32).collect();
        let mut panel = vec![Line::ZERO; order.panel_lines()];
        for &source in sources {
            panel.fill(Line::ZERO);
            pack::pack_panel(spec, order, source, &mut panel);
            for half in 0..LANES / HALF {
                self.push_half(&panel, half, unit_lines, &offsets);
            }
        }
    }

    /// Appends half of a panel.
    fn push_half(&mut self, panel: &[Line], half: usize, unit_lines: usize, offsets: &[u32]) {
        let mut units = Vec::new();
        for (unit, whole) in panel.chunks_exact(unit_lines).enumerate() {
            let mut lines: Vec<HalfLine> = whole.iter().map(|line| half_of(line, half)).collect();
            let mut of_lines = offsets[unit * unit_lines..][..unit_lines].to_vec();
            self.statistics.lines += lines.iter().filter(|&&line| line != HalfLine::ZERO).count();
            for line in 0..unit_lines {
                if let Some(repair) = lines[line].split() {
                    lines.push(repair);
                    of_lines.push(of_lines[line]);
                    self.statistics.repairs += 1;
                }
            }
            let groups = join::join(&lines);
            units.push((lines, of_lines, groups));
        }
        for joined in 1..=MOST_JOINED {
            let first = self.starts.len();
            self.starts.resize(first + units.len() + 1, 0);
            self.statistics.joined[joined - 1] += joined
                * units.iter().map(|unit| unit.2.iter().filter(|group| group.len() == joined).count()).sum::<usize>();
            for (unit, (lines, of_lines, groups)) in units.iter().enumerate() {
                self.starts[first + unit] = self.lines.len() as u32;
                for &line in groups.iter().filter(|group| group.len() == joined).flatten() {
                    self.lines.push(lines[line]);
                    self.offsets.push(of_lines[line]);
                }
            }
            self.starts[first + units.len()] = u32::try_from(self.lines.len()).expect("fewer lines than weights");
        }
    }

    /// What a tile of a panel takes.
    pub(crate) fn panel<'a>(&'a self, class: &'a Class, panel: usize) -> PanelStreams<'a> {
        let (first, units) = self.variants[class.streams];
        let of_panel = LANES / HALF * MOST_JOINED * (units + 1);
        PanelStreams {
            lines: &self.lines,
            offsets: &self.offsets,
            starts: &self.starts[first + panel * of_panel..][..of_panel],
            units,
            ranges: &class.units,
            origin: pack::tap_offset(self.tap_steps, [class.taps[0].start, class.taps[1].start]),
        }
    }

    pub(crate) fn statistics(&self) -> JoinStatistics {
        self.statistics
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.offsets[..]) + size_of_val(&self.starts[..])
    }
}

/// Eight columns of a line.
fn half_of(line: &Line, half: usize) -> HalfLine {
    let mut columns = HalfLine::ZERO;
    columns.0.copy_from_slice(&line.0[4 * HALF * half..][..4 * HALF]);
    columns
}

/// Lines that classes take together or not at all.
fn lines_of_tap(order: &Order) -> usize {
    if order.run == RunKind::Row && !order.channels.is_multiple_of(4) {
        order.run_lines().max(1)
    } else {
        order.channels.div_ceil(4)
    }
}

/// The units that a class takes.
fn units_of(class: &Class, unit_lines: usize) -> Vec<Range<usize>> {
    let units = class.runs.iter().map(|run| {
        debug_assert!(run.line.is_multiple_of(unit_lines) && run.lines.is_multiple_of(unit_lines));
        run.line / unit_lines..(run.line + run.lines) / unit_lines
    });
    units.collect()
}
