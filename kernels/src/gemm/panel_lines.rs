//! Packed panels of whole lines.

use alloc::vec::Vec;

use super::geometry::Geometry;
use super::layout::Layout;
use super::pack::Panel;
use super::spec::ConvSpec;
use crate::memory::Line;
use crate::packed::{PackedSlice, Packing, Unfit};

/// The lines of all panels: orders, then panels, then K.
pub(crate) struct PanelLines {
    lines: PackedSlice<Line>,
    orders: Vec<OrderLines>,
}

/// Where an order's lines are.
struct OrderLines {
    first: usize,
    panel_lines: usize,
}

/// How many lines there are.
#[derive(Clone, Copy)]
pub(crate) struct LinesCount {
    pub(crate) panels: usize,
    /// Lines of zeros behind the last panel.
    pub(crate) slack: usize,
}

/// The lines of all panels in one order, and lines that follow them.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) lines: &'a [Line],
    /// Lines from one panel to the next.
    pub(crate) panel_lines: usize,
}

impl PanelLines {
    /// The lines of panels in all orders, which `fill` packs where they were not packed before; they are all 0 before.
    ///
    /// # Errors
    /// What was packed before has another layout or length.
    pub(crate) fn new(
        geometry: &Geometry,
        layout: Layout,
        count: LinesCount,
        packing: &mut Packing,
        fill: impl FnOnce(&mut [Line]),
    ) -> Result<Self, Unfit> {
        let mut end = 0;
        let mut orders = Vec::new();
        for order in &geometry.orders {
            let panel_lines = order.panel_lines();
            orders.push(OrderLines { first: end, panel_lines });
            end += count.panels * panel_lines;
        }
        Ok(Self { lines: packing.buffer_in_place(layout.packed(), end + count.slack, fill)?, orders })
    }

    /// How many lines panels take in all orders.
    pub(crate) fn count(geometry: &Geometry, panels: usize) -> usize {
        geometry.orders.iter().map(|order| panels * order.panel_lines()).sum()
    }

    /// Packs all panels in all orders; lines are all 0 before.
    pub(crate) fn pack(spec: &ConvSpec<'_>, geometry: &Geometry, panels: &[Panel], mut lines: &mut [Line]) {
        for order in &geometry.orders {
            for panel in panels {
                panel.pack(spec, order, lines.split_off_mut(..order.panel_lines()).expect("lines of all panels"));
            }
        }
    }

    /// The lines of an order.
    pub(crate) fn of_order(&self, order: usize) -> Lines<'_> {
        let OrderLines { first, panel_lines } = self.orders[order];
        Lines { lines: &self.lines[first..], panel_lines }
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }
}
