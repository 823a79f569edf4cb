//! Packed panels of whole lines.

use super::geometry::Geometry;
use super::pack::Panel;
use super::spec::ConvSpec;
use crate::memory::Line;

/// The lines of all panels: orders, then panels, then K.
pub(crate) struct PanelLines {
    lines: Vec<Line>,
    orders: Vec<OrderLines>,
}

/// Where an order's lines are.
struct OrderLines {
    first: usize,
    panel_lines: usize,
}

/// The lines of all panels in one order, and lines that follow them.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) lines: &'a [Line],
    /// Lines from one panel to the next.
    pub(crate) panel_lines: usize,
}

impl PanelLines {
    /// Packs all panels in all orders; `slack` more lines hold zeros.
    pub(crate) fn pack(spec: &ConvSpec<'_>, geometry: &Geometry, panels: &[Panel], slack: usize) -> Self {
        let mut lines = Vec::new();
        let mut orders = Vec::new();
        for order in &geometry.orders {
            let panel_lines = order.panel_lines();
            orders.push(OrderLines { first: lines.len(), panel_lines });
            for panel in panels {
                let start = lines.len();
                lines.resize(start + panel_lines, Line::ZERO);
                panel.pack(spec, order, &mut lines[start..]);
            }
        }
        lines.resize(lines.len() + slack, Line::ZERO);
        Self { lines, orders }
    }

    /// The lines of an order.
    pub(crate) fn of_order(&self, order: usize) -> Lines<'_> {
        let OrderLines { first, panel_lines } = self.orders[order];
        Lines { lines: &self.lines[first..], panel_lines }
    }

    /// All lines.
    pub(crate) fn all(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lines[..])
    }
}
