//! The weights of a convolution, packed.

use super::ConvSpec;
use super::bind::Descriptor;
use super::excess::{self, Excess};
use super::pack::{self, Order, PanelSource};
use crate::memory::Line;

/// Weights in the layout of the tiles.
pub(crate) struct Packed {
    pub(crate) sources: Vec<PanelSource>,
    pub(crate) excess: Vec<Excess>,
    pub(crate) lines: Vec<Line>,
    /// First line and lines of a panel of each order.
    pub(crate) variants: Vec<[usize; 2]>,
}

impl Packed {
    /// Packs the weights, and once more without those of -128 where they are more than the tiles want.
    pub(crate) fn new(descriptor: &Descriptor, spec: &ConvSpec<'_>, orders: &[Order], classes: usize) -> Self {
        let whole = Self::from_least(-128, descriptor, spec, orders, classes);
        if descriptor.layout.overflows(&whole.lines) {
            Self::from_least(-127, descriptor, spec, orders, classes)
        } else {
            whole
        }
    }

    fn from_least(least: i32, descriptor: &Descriptor, spec: &ConvSpec<'_>, orders: &[Order], classes: usize) -> Self {
        let mut sources = pack::panel_sources(spec);
        let excess = excess::take_off_zeros(spec, least, classes, &mut sources);
        let mut lines = Vec::new();
        let mut variants = Vec::new();
        for order in orders {
            let panel_lines = order.panel_lines();
            variants.push([lines.len(), panel_lines]);
            for &source in sources.iter().filter(|_| !descriptor.joins_lines) {
                let start = lines.len();
                lines.resize(start + panel_lines, Line::ZERO);
                pack::pack_panel(spec, order, source, &mut lines[start..]);
            }
        }
        Self { sources, excess, lines, variants }
    }
}
