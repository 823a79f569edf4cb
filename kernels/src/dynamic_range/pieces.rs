//! How rows are cut for tasks.

use core::ops::Range;

use super::spec::DynamicRangeSpec;
use crate::layer::row_tasks;

/// Elements of a piece at most: a multiple of every vector and of the groups that are rounded together.
const LONGEST: usize = 1 << 14;
/// Elementary steps of an element.
const WORK: usize = 2;

/// Rows cut in pieces, and those shared out among tasks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    pub(super) rows: usize,
    pub(super) elements: usize,
    /// Of each row.
    pub(super) of_row: usize,
    /// Of a task.
    share: usize,
}

/// A piece of a row.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Its position among the pieces of all rows.
    pub(super) index: usize,
    pub(super) row: usize,
    /// Elements within the row.
    pub(super) elements: Range<usize>,
}

impl Pieces {
    pub(super) fn new(spec: &DynamicRangeSpec) -> Self {
        let of_row = spec.elements.div_ceil(LONGEST).max(1);
        let share = row_tasks(spec.rows * of_row, WORK * spec.elements.min(LONGEST), spec.threads);
        Self { rows: spec.rows, elements: spec.elements, of_row, share }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.rows * self.of_row
    }

    pub(super) fn tasks(&self) -> usize {
        self.count().div_ceil(self.share).max(1)
    }

    /// Those of a task.
    ///
    /// # Panics
    /// There is no such task.
    pub(super) fn of_task(&self, task: usize) -> Range<usize> {
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        task * self.share..self.count().min((task + 1) * self.share)
    }

    /// A piece.
    pub(super) fn piece(&self, index: usize) -> Piece {
        let (row, first) = (index / self.of_row, index % self.of_row * LONGEST);
        Piece { index, row, elements: first..self.elements.min(first + LONGEST) }
    }
}
