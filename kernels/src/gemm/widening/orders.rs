//! In which orders half panels are packed, and what of them border classes take.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::groups::HALF;
use crate::arch::LANES;
use crate::gemm::class::Class;
use crate::gemm::geometry::Geometry;
use crate::gemm::order::{Order, SegmentKind};
use crate::gemm::panel_ranges::panel_ranges;
use crate::gemm::spec::ConvSpec;
use crate::gemm::statistics::MAX_GROUP_LINES;

/// Classes that take all taps have an order of their own where a tap has fewer lines.
const WHOLE_BELOW: usize = 32;

/// One order of all panels.
pub(super) struct WideningOrder {
    /// The first of its starts.
    pub(super) first: usize,
    pub(super) units: usize,
    /// Which order of K it is made of.
    pub(super) order: usize,
    /// Lines of a unit.
    pub(super) unit_lines: usize,
}

/// What a border class takes.
#[derive(Clone, Default)]
pub(super) struct ClassUnits {
    /// Of which order.
    pub(super) order: usize,
    /// Which units.
    pub(super) ranges: Vec<Range<usize>>,
    /// Bytes from the window's first tap to the first inside.
    pub(super) origin: usize,
}

impl WideningOrder {
    /// Starts of the groups of so many panels.
    pub(super) fn starts(&self, panels: usize) -> usize {
        panels * LANES / HALF * MAX_GROUP_LINES * (self.units + 1)
    }
}

/// The orders that border classes take, and what each class takes of them.
pub(super) fn orders(spec: &ConvSpec<'_>, geometry: &Geometry, panels: usize) -> (Vec<WideningOrder>, Vec<ClassUnits>) {
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
pub(super) fn reaches(geometry: &Geometry, classes: &[ClassUnits], order: usize, units: usize) -> Vec<Range<u32>> {
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
