//! Weights in the order in which tiles that share widenings take them.
//!
//! K is cut into *units*: what border classes take whole or not at all, which is a tap, or
//! everything for a class that takes all taps. Lines share widenings inside their unit ([`super::groups`]), and
//! a half panel lies in this order:
//!
//! ```text
//! single lines: of unit 0, of unit 1, ...; groups of two lines; of three; of four; of five
//! ```
//!
//! So a range of units is one range of each of these parts. Each line has the offset of its
//! four activations, counted from where the first tap of the whole window would be.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::{HALF, HalfLine};
use super::halves::{self, Halves, HalvesPacker, HalvesWork, LineCounts};
use crate::arch::LANES;
use crate::gemm::class::Class;
use crate::gemm::geometry::Geometry;
use crate::gemm::order::{Order, SegmentKind};
use crate::gemm::pack::Panel;
use crate::gemm::panel_ranges::panel_ranges;
use crate::gemm::spec::ConvSpec;
use crate::gemm::statistics::{MAX_GROUP_LINES, WideningStatistics};
use crate::packed::{PackedLayout, PackedSlice, Packing, Unfit};

const LINES: PackedLayout = PackedLayout::new("gemm.halves", 1);
const OFFSETS: PackedLayout = PackedLayout::new("gemm.halves.offsets", 1);
const STARTS: PackedLayout = PackedLayout::new("gemm.halves.starts", 1);

/// Classes that take all taps have an order of their own where a tap has fewer lines.
const WHOLE_BELOW: usize = 32;

/// The half lines of a convolution, ordered by widening group.
pub(crate) struct WideningPack {
    lines: PackedSlice<HalfLine>,
    /// Offset of each line's activations.
    offsets: PackedSlice<u32>,
    /// For each order, panel, half and number of lines in a group: where each unit's groups start, and where the last's end.
    starts: PackedSlice<u32>,
    orders: Vec<WideningOrder>,
    /// What each border class takes.
    classes: Vec<ClassUnits>,
    /// What packing made of the weights, if they were packed now.
    statistics: Option<WideningStatistics>,
}

/// One order of all panels.
pub(super) struct WideningOrder {
    /// The first of its starts.
    first: usize,
    units: usize,
    /// Which order of K it is made of.
    pub(super) order: usize,
    /// Lines of a unit.
    pub(super) unit_lines: usize,
}

/// What a border class takes.
#[derive(Clone, Default)]
struct ClassUnits {
    /// Of which order.
    order: usize,
    /// Which units.
    ranges: Vec<Range<usize>>,
    /// Bytes from the window's first tap to the first inside.
    origin: usize,
}

/// The half panels of a panel, and which units of them to take.
#[derive(Clone, Copy)]
pub(crate) struct WideningPanel<'a> {
    lines: &'a [HalfLine],
    offsets: &'a [u32],
    /// For each half and number of lines in a group, `units + 1` starts.
    starts: &'a [u32],
    units: usize,
    /// Which units to take.
    pub(crate) ranges: &'a [Range<usize>],
    /// Bytes from the window's first tap to the first inside.
    pub(crate) origin: usize,
}

impl WideningPanel<'_> {
    /// The lines of all groups of `size` lines of a range of units, and their offsets.
    #[inline(always)]
    pub(crate) fn groups(&self, half: usize, size: usize, units: &Range<usize>) -> (&[HalfLine], &[u32]) {
        let starts = &self.starts[(half * MAX_GROUP_LINES + size - 1) * (self.units + 1)..];
        let lines = starts[units.start] as usize..starts[units.end] as usize;
        (&self.lines[lines.clone()], &self.offsets[lines])
    }
}

impl WideningPack {
    /// Whether offsets fit their type; windows far larger than any image do not.
    pub(crate) fn suits(spec: &ConvSpec<'_>) -> bool {
        // In 64 bits, so that saturation is beyond the type on every target.
        let [down, across] = tap_steps(spec).map(|step| step as u64);
        let [rows, columns] = spec.window.taps.map(|taps| taps as u64);
        let last = down.saturating_mul(rows).saturating_add(across.saturating_mul(columns));
        u32::try_from(last.saturating_add(spec.input.channels as u64)).is_ok()
    }

    /// Packs the panels in the orders that the border classes take, or takes what was packed before.
    ///
    /// # Errors
    /// What was packed before is not of such a convolution.
    pub(crate) fn new(
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        (panels, packer): (&[Panel], HalvesPacker),
        packing: &mut Packing,
    ) -> Result<Self, Unfit> {
        let (orders, classes) = orders(spec, geometry, panels.len());
        let starts = orders.iter().map(|order| order.starts(panels.len())).sum();
        let work = HalvesWork { spec, geometry, orders: &orders, panels, packer };
        let counts = if packing.is_stored() { LineCounts::default() } else { halves::count(&work) };
        if packing.is_measuring() {
            let lines = packing.buffer_in_place(&LINES, counts.packed(), |_| ())?;
            let offsets = packing.buffer_in_place(&OFFSETS, counts.packed(), |_| ())?;
            let starts = packing.buffer_in_place(&STARTS, starts, |_| ())?;
            return Ok(Self { lines, offsets, starts, orders, classes, statistics: Some(counts.into()) });
        }
        // Its memory serves one layer after the other.
        let mut made: Box<Halves> = packing.scratch();
        let (lines, statistics) = if packing.is_stored() {
            (packing.buffer(&LINES, Vec::new)?, None)
        } else {
            let lines = packing.buffer_in_place(&LINES, counts.packed(), |lines| made.pack(&work, lines))?;
            (lines, Some(made.statistics))
        };
        let offsets = packing.buffer_copied(&OFFSETS, &made.offsets, lines.len())?;
        let starts = packing.buffer_copied(&STARTS, &made.starts, starts)?;
        packing.keep_scratch(made);
        let pack = Self { lines, offsets, starts, orders, classes, statistics };
        pack.check(geometry, panels.len())?;
        Ok(pack)
    }

    /// Checks what tiles compute addresses with: each unit's groups are whole ones among the lines, and no offset leads out of
    /// what a class that takes the unit may read.
    fn check(&self, geometry: &Geometry, panels: usize) -> Result<(), Unfit> {
        for (index, order) in self.orders.iter().enumerate() {
            let reaches = reaches(geometry, &self.classes, index, order.units);
            let starts = &self.starts[order.first..][..order.starts(panels)];
            for (row, starts) in starts.chunks_exact(order.units + 1).enumerate() {
                let size = row % MAX_GROUP_LINES + 1;
                for (reach, unit) in reaches.iter().zip(starts.windows(2)) {
                    let lines = unit[0] as usize..unit[1] as usize;
                    let offsets = self.offsets.get(lines).ok_or_else(|| Unfit::new(&STARTS, "is damaged"))?;
                    if !offsets.len().is_multiple_of(size) {
                        return Err(Unfit::new(&STARTS, "is damaged"));
                    }
                    let ends = offsets.iter().fold((u32::MAX, 0), |(low, high), &at| (low.min(at), high.max(at)));
                    if !offsets.is_empty() && (ends.0 < reach.start || ends.1 >= reach.end) {
                        return Err(Unfit::new(&OFFSETS, "is damaged"));
                    }
                }
            }
        }
        Ok(())
    }

    /// What a tile of a panel takes in a border class.
    pub(crate) fn panel(&self, class: usize, panel: usize) -> WideningPanel<'_> {
        let ClassUnits { order, ranges, origin } = &self.classes[class];
        let WideningOrder { first, units, .. } = self.orders[*order];
        let of_panel = LANES / HALF * MAX_GROUP_LINES * (units + 1);
        WideningPanel {
            lines: &self.lines,
            offsets: &self.offsets,
            starts: &self.starts[first + panel * of_panel..][..of_panel],
            units,
            ranges,
            origin: *origin,
        }
    }

    pub(crate) fn statistics(&self) -> Option<WideningStatistics> {
        self.statistics
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.offsets[..]) + size_of_val(&self.starts[..])
    }
}

impl WideningOrder {
    /// Starts of the groups of so many panels.
    fn starts(&self, panels: usize) -> usize {
        panels * LANES / HALF * MAX_GROUP_LINES * (self.units + 1)
    }
}

/// The orders that border classes take, and what each class takes of them.
fn orders(spec: &ConvSpec<'_>, geometry: &Geometry, panels: usize) -> (Vec<WideningOrder>, Vec<ClassUnits>) {
    let mut orders: Vec<WideningOrder> = Vec::new();
    let mut units = vec![ClassUnits::default(); geometry.classes.len()];
    for (index, order) in geometry.orders.iter().enumerate() {
        let whole = order.panel_lines().max(1);
        let tap = lines_of_tap(order);
        let of_order = geometry.classes.iter().enumerate().filter(|(_, class)| class.order == index);
        let (full, partial): (Vec<_>, Vec<_>) = of_order.partition(|(_, class)| class.steps() == order.panel_lines());
        // Taps of few lines leave little choice of what to group, and little to hold twice.
        let parts = if partial.is_empty() || full.is_empty() || tap < WHOLE_BELOW {
            vec![(whole, full), (tap, partial)]
        } else {
            vec![(tap, [full, partial].concat())]
        };
        for (unit_lines, classes) in parts.into_iter().filter(|(_, classes)| !classes.is_empty()) {
            for (class_index, class) in classes {
                units[class_index] = ClassUnits {
                    order: orders.len(),
                    ranges: units_of(class, unit_lines),
                    origin: tap_offset(tap_steps(spec), [class.taps[0].start, class.taps[1].start]),
                };
            }
            let first = orders.last().map_or(0, |last| last.first + last.starts(panels));
            orders.push(WideningOrder { first, units: order.panel_lines() / unit_lines, order: index, unit_lines });
        }
    }
    (orders, units)
}

/// What the offsets of each unit of an order may be: four activations from there on are within what every class reads that
/// takes the unit.
fn reaches(geometry: &Geometry, classes: &[ClassUnits], order: usize, units: usize) -> Vec<Range<u32>> {
    let mut reaches = vec![0..u32::MAX; units];
    for (class, taken) in geometry.classes.iter().zip(classes).filter(|(_, taken)| taken.order == order) {
        let past = (taken.origin + class.reach(geometry.orders[class.order].layout)).saturating_sub(3);
        let [origin, past] = [taken.origin, past].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        for unit in taken.ranges.iter().flat_map(|range| range.clone()) {
            reaches[unit] = reaches[unit].start.max(origin)..reaches[unit].end.min(past);
        }
    }
    reaches
}

/// Bytes from a tap to the next, down and across; no more than a `usize` holds.
pub(super) fn tap_steps(spec: &ConvSpec<'_>) -> [usize; 2] {
    let pixel = spec.input.pixel_stride;
    let steps = [spec.input.width * pixel, pixel];
    core::array::from_fn(|axis| steps[axis].saturating_mul(spec.window.dilation[axis]))
}

/// Bytes from the window's first tap to another.
fn tap_offset(tap_steps: [usize; 2], tap: [usize; 2]) -> usize {
    tap[0] * tap_steps[0] + tap[1] * tap_steps[1]
}

/// Bytes from the window's first tap to the four activations of a line.
pub(super) fn line_offset(order: &Order, tap_steps: [usize; 2], line: usize) -> usize {
    let (segment, within) = (line / order.segment_lines(), 4 * (line % order.segment_lines()));
    tap_offset(tap_steps, order.first_tap(segment)) + within
}

/// Lines that classes take together or not at all.
fn lines_of_tap(order: &Order) -> usize {
    if order.segment == SegmentKind::Row && !order.channels.is_multiple_of(4) {
        order.segment_lines().max(1)
    } else {
        order.channels.div_ceil(4)
    }
}

/// The units that a class takes.
fn units_of(class: &Class, unit_lines: usize) -> Vec<Range<usize>> {
    let units = panel_ranges(&class.segments).into_iter().map(|range| {
        debug_assert!(range.line.is_multiple_of(unit_lines) && range.lines.is_multiple_of(unit_lines));
        range.line / unit_lines..(range.line + range.lines) / unit_lines
    });
    units.collect()
}
