//! How a convolution is cut: row blocks and tasks.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::class::Class;
use super::panel_epilogue::PanelGroup;
use crate::layer::split;

/// Most rows whose pointers a task prepares at a time.
pub(crate) const MAX_BLOCK_ROWS: usize = 72;
/// Activations of a block of rows should stay near: those of a tile in the first-level cache, all of them in the second. Each block
/// reads the weights of all panels anew.
const BLOCK_BYTES: usize = 72 << 10;
/// Weights that one task streams should stay in the second-level cache.
const CHUNK_BYTES: usize = 640 << 10;
/// Below this many bytes of weights all panels go together.
const WHOLE_BYTES: usize = 1 << 20;
/// A task takes one in so many of each thread's share of what is left.
const SHARES: usize = 2;
/// What bounds the number of tasks of a layer.
const MOST_TASKS_PER_THREAD: usize = 32;
/// Most border classes that take turns with each part of the weights: as many as a 3x3 window has. Each turn is a task, and
/// their number in a layer is limited.
const MOST_TURNS: usize = 9;
/// Work, in lines times rows, below which handing out a task costs more than it brings.
const LEAST_WORK: u64 = 1 << 13;
/// Tasks of a layer beyond which none are shortened, since their number in a layer is limited.
const MOST_SHORT_TASKS: u64 = 1 << 11;

/// Rows of a class times a range of panel groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) class: u32,
    pub(crate) rows: Range<u32>,
    pub(crate) groups: Range<u32>,
}

/// What task sizes depend on.
pub(crate) struct Extent {
    pub(crate) batch: usize,
    /// Bytes of activations that one more row adds to a block.
    pub(crate) row_bytes: usize,
    /// Packed bytes of one panel.
    pub(crate) panel_bytes: usize,
    pub(crate) threads: usize,
    /// Rows that blocks are a multiple of.
    pub(crate) row_quantum: usize,
    /// Whether [passes over the weights are to be few](super::method::Method::wants_few_passes).
    pub(crate) few_passes: bool,
    /// [Work of a task](super::method::Method::most_work) that is not exceeded.
    pub(crate) most_work: u64,
}

impl Extent {
    /// How tasks are cut into blocks.
    pub(crate) fn blocks(&self) -> Blocks {
        let quantum = self.row_quantum;
        let rows = (BLOCK_BYTES / self.row_bytes.max(1)).clamp(quantum, MAX_BLOCK_ROWS) / quantum * quantum;
        Blocks { rows, quantum, even: self.few_passes }
    }
}

/// How the rows of a task are cut into blocks, whose pointers are prepared together.
#[derive(Clone, Copy)]
pub(crate) struct Blocks {
    /// Most rows of a block: a multiple of the quantum.
    pub(crate) rows: usize,
    quantum: usize,
    even: bool,
}

impl Blocks {
    /// The blocks of some rows, as few as there can be. Even ones have about as many tiles of a quantum of rows: each reads the
    /// weights of all panels, so a last one of a row or two would cost nearly as much as a whole one.
    pub(crate) fn of(self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let tiles = rows.len().div_ceil(self.quantum);
        let count = tiles.div_ceil(self.rows / self.quantum);
        let at = move |block: usize| match self.even {
            true => rows.start + rows.len() * (tiles * block / count) / tiles,
            false => rows.end.min(rows.start + self.rows * block),
        };
        (0..count).map(move |block| at(block)..at(block + 1))
    }
}

/// Cuts the classes into tasks, neighbours next to each other.
///
/// One thread gets whole classes, unless they take too long. Several take tasks from both ends: there tasks are large, and
/// they shrink towards the middle, so that threads which begin or run unevenly still end together.
pub(crate) fn tasks(classes: &[Class], groups: &[PanelGroup], extent: &Extent) -> Vec<Task> {
    let total: u64 = classes.iter().map(|class| Area::new(class, groups, extent).work(0..groups.len())).sum();
    let least = LEAST_WORK.max(total / (extent.threads * MOST_TASKS_PER_THREAD) as u64);
    let mut tasks = Vec::new();
    let mut push = |class: usize, pieces: Vec<Piece>| {
        for (rows, groups) in pieces {
            let [rows, groups] = [rows, groups].map(|range| range.start as u32..range.end as u32);
            tasks.push(Task { class: class as u32, rows, groups });
        }
    };
    let chunks = chunks(groups, extent.panel_bytes);
    let few_rows = classes.iter().all(|class| class.rows(extent.batch) <= MAX_BLOCK_ROWS);
    if extent.few_passes && few_rows && chunks.len() > 1 && (2..=MOST_TURNS).contains(&classes.len()) {
        // Classes read much of the same weights, so each takes its turn while those are near.
        let pieces = if extent.threads == 1 { chunks } else { shrinking(groups.len(), extent.threads, 1, 1) };
        for groups in pieces {
            for (index, class) in classes.iter().enumerate() {
                push(index, vec![(0..class.rows(extent.batch), groups.clone())]);
            }
        }
    } else if chunks.len() == 1 || few_rows {
        for (index, class) in classes.iter().enumerate() {
            push(index, Area::new(class, groups, extent).cut(extent, least));
        }
    } else {
        for chunk in chunks {
            for (index, class) in classes.iter().enumerate() {
                push(index, Area::new(class, groups, extent).cut_evenly(extent, &chunk));
            }
        }
    }
    let most = extent.most_work.max(total / MOST_SHORT_TASKS);
    let area = |task: &Task| Area::new(&classes[task.class as usize], groups, extent);
    tasks.into_iter().flat_map(|task| area(&task).shortened(task, extent, most)).collect()
}

/// Rows and panel groups of a piece.
type Piece = (Range<usize>, Range<usize>);

/// Rows of a class times all panel groups.
struct Area<'a> {
    rows: usize,
    groups: &'a [PanelGroup],
    steps: usize,
}

impl<'a> Area<'a> {
    fn new(class: &Class, groups: &'a [PanelGroup], extent: &Extent) -> Self {
        Self { rows: class.rows(extent.batch), groups, steps: class.steps().max(1) }
    }

    /// Steps of four k for all rows of some groups.
    fn work(&self, groups: Range<usize>) -> u64 {
        self.groups[groups].iter().map(|group| group.panels).sum::<usize>() as u64
            * self.steps as u64
            * self.rows as u64
    }

    /// Pieces of at least about `least` work that shrink from both ends to the middle.
    fn cut(&self, extent: &Extent, least: u64) -> Vec<Piece> {
        let all = 0..self.groups.len();
        let work = self.work(all.clone());
        let least_of = |count: usize| (least * count as u64).div_ceil(work) as usize;
        let least_rows = least_of(self.rows).next_multiple_of(extent.row_quantum);
        if extent.threads == 1 || work < 2 * least {
            return vec![(0..self.rows, all)];
        }
        if self.rows > MAX_BLOCK_ROWS || all.len() == 1 {
            let cuts = shrinking(self.rows, extent.threads, least_rows, extent.row_quantum);
            return cuts.into_iter().map(|rows| (rows, all.clone())).collect();
        }
        // Few rows stay together, so that weights are read once; but not in the middle, where pieces are to be small.
        let cuts = shrinking(all.len(), extent.threads, least_of(all.len()), 1);
        let middle = (cuts.len() - 1) / 2..=cuts.len() / 2;
        let mut pieces = Vec::new();
        for (index, groups) in cuts.into_iter().enumerate() {
            let parts =
                if middle.contains(&index) { (self.work(groups.clone()) / least).clamp(1, 4) as usize } else { 1 };
            let step = self.rows.div_ceil(parts).next_multiple_of(extent.row_quantum);
            for first in (0..self.rows).step_by(step) {
                pieces.push((first..self.rows.min(first + step), groups.clone()));
            }
        }
        pieces
    }

    /// A task in parts of about at most `most` work, between blocks of rows, which are those that it has anyway, or where it has one
    /// block, between panel groups.
    fn shortened(&self, task: Task, extent: &Extent, most: u64) -> Vec<Task> {
        let [rows, groups] = [&task.rows, &task.groups].map(|range| range.start as usize..range.end as usize);
        let row_work = self.work(groups.clone()) / self.rows.max(1) as u64;
        let parts = row_work.saturating_mul(rows.len() as u64).div_ceil(most) as usize;
        if parts <= 1 {
            return vec![task];
        }
        let blocks: Vec<Range<usize>> = extent.blocks().of(rows).collect();
        let short = |range: Range<usize>| range.start as u32..range.end as u32;
        if blocks.len() == 1 {
            let of_groups = |groups: Range<usize>| Task { groups: short(groups), ..task.clone() };
            return split(groups, parts, 1).into_iter().map(of_groups).collect();
        }
        let of_blocks = |part: Range<usize>| {
            let rows = blocks[part.start].start..blocks[part.end - 1].end;
            Task { rows: short(rows), ..task.clone() }
        };
        split(0..blocks.len(), parts, 1).into_iter().map(of_blocks).collect()
    }

    /// Pieces of a chunk whose weights do not stay in the cache beside others'.
    fn cut_evenly(&self, extent: &Extent, chunk: &Range<usize>) -> Vec<Piece> {
        let parts = if extent.threads == 1 { 1 } else { 2 * extent.threads };
        let step = self.rows.div_ceil(parts).next_multiple_of(extent.row_quantum);
        (0..self.rows).step_by(step).map(|row| (row..self.rows.min(row + step), chunk.clone())).collect()
    }
}

/// Cuts `0..len` into multiples of `quantum`, of at least `least`: at both ends a part of each thread's share of what
/// is left, and so on to the middle.
pub(super) fn shrinking(len: usize, threads: usize, least: usize, quantum: usize) -> Vec<Range<usize>> {
    let (mut first, mut last) = (0, len);
    let (mut front, mut back) = (Vec::new(), Vec::new());
    while first < last {
        let size = ((last - first) / (SHARES * threads)).max(least).max(1).next_multiple_of(quantum);
        let end = (first + size).min(last);
        front.push(first..end);
        first = end;
        if first < last {
            // What is no multiple of the quantum stays in the middle.
            let start = last.saturating_sub(size).max(first);
            back.push(start..last);
            last = start;
        }
    }
    front.extend(back.into_iter().rev());
    front
}

/// Ranges of panel groups whose weights fit the second-level cache together.
fn chunks(groups: &[PanelGroup], panel_bytes: usize) -> Vec<Range<usize>> {
    let panels: usize = groups.iter().map(|group| group.panels).sum();
    let count = if panels * panel_bytes <= WHOLE_BYTES { 1 } else { (panels * panel_bytes).div_ceil(CHUNK_BYTES) };
    split(0..groups.len(), count, 1)
}

#[cfg(test)]
mod tests;
