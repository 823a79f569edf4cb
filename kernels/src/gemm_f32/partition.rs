//! How a convolution is cut into tasks.

use alloc::vec::Vec;
use core::ops::Range;

use super::geometry::Geometry;
use crate::layer::split;

/// Products below which handing out a task costs more than it brings.
const LEAST_WORK: u64 = 1 << 17;
/// Tasks for each thread, so that the last ones end close together.
const TASKS_PER_THREAD: u64 = 8;
/// Tasks of a layer beyond which none are shortened, since their number in a layer is limited.
const MOST_TASKS: u64 = 1 << 11;

/// Rows of a class times panels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) class: usize,
    pub(super) rows: Range<usize>,
    pub(super) panels: Range<usize>,
}

/// What the size of tasks depends on.
pub(super) struct Cut {
    /// Panels of all groups.
    pub(super) panels: usize,
    /// Rows that pieces are a multiple of.
    pub(super) row_quantum: usize,
    /// Panels that pieces are a multiple of.
    pub(super) panel_quantum: usize,
    /// Products of a task that are not exceeded where they need not be.
    pub(super) most_work: u64,
    pub(super) threads: usize,
}

impl Cut {
    /// The tasks of all classes, neighbours next to each other.
    pub(super) fn tasks(&self, geometry: &Geometry) -> Vec<Piece> {
        let row_work = |depth: usize| (depth.max(1) * self.panels * crate::arch::LANES) as u64;
        let works = geometry.classes.iter().map(|class| row_work(class.depth()) * geometry.rows(class) as u64);
        let total: u64 = works.clone().sum();
        let share = if self.threads > 1 { total / (self.threads as u64 * TASKS_PER_THREAD) } else { total };
        let most = self.most_work.min(share.max(LEAST_WORK)).max(total / MOST_TASKS);
        let mut pieces = Vec::new();
        for (class, work) in works.enumerate() {
            let rows = geometry.rows(&geometry.classes[class]);
            let parts = work.div_ceil(most) as usize;
            // Each part reads all its panels, so rows are only cut where there are enough of them.
            let row_tiles = rows.div_ceil(self.row_quantum);
            let row_parts = parts.min(row_tiles.div_ceil(2)).max(1);
            let panel_parts = parts.div_ceil(row_parts);
            for rows in split(0..rows, row_parts, self.row_quantum) {
                for panels in split(0..self.panels, panel_parts, self.panel_quantum) {
                    pieces.push(Piece { class, rows: rows.clone(), panels });
                }
            }
        }
        pieces
    }
}
