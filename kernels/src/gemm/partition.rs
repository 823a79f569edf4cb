//! How a convolution is cut: row blocks and tasks.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::class::Class;
use super::panel_epilogue::PanelGroup;

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
/// One thread gets whole classes. Several take tasks from both ends: there tasks are large, and they shrink towards
/// the middle, so that threads which begin or run unevenly still end together.
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
    tasks
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
    split(0..groups.len(), count)
}

/// Splits a range evenly into at most `count` parts, none of them empty.
pub(super) fn split(range: Range<usize>, count: usize) -> Vec<Range<usize>> {
    let count = count.clamp(1, range.len().max(1));
    let at = |part: usize| range.start + range.len() * part / count;
    (0..count).map(|part| at(part)..at(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gemm::class::Segment;
    use crate::requantize::Form;

    /// 2^38 lines times rows: 0 where they are counted in 32 bits.
    #[test]
    fn work_beyond_32_bits_is_cut_as_any() {
        let group = PanelGroup { first: 0, panels: 1 << 6, group: 0, form: Form::Rounded, contiguous: false };
        let extent = Extent { batch: 1, row_bytes: 1, panel_bytes: 1, threads: 2, row_quantum: 1, few_passes: false };
        for (steps, rows) in [(1 << 16, 1 << 16), (1 << 6, 1 << 16)] {
            let area = Area { rows, groups: &[group], steps };
            let pieces = area.cut(&extent, area.work(0..1) / 64);
            assert_eq!(pieces.iter().map(|(rows, _)| rows.len()).sum::<usize>(), rows);
            assert_eq!(pieces[0].0, 0..rows / 4);
        }
    }

    #[test]
    fn shrinking_pieces_cover_the_range_and_shrink() {
        for len in 0..200 {
            for (threads, least, quantum) in [(2, 1, 1), (2, 12, 12), (3, 7, 6), (8, 32, 32), (64, 1, 12)] {
                let pieces = shrinking(len, threads, least, quantum);
                assert_eq!(pieces.iter().map(ExactSizeIterator::len).sum::<usize>(), len);
                assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
                assert!(pieces.iter().all(|piece| !piece.is_empty()));
                let front = &pieces[..pieces.len() / 2];
                assert!(front.windows(2).all(|pair| pair[0].len() >= pair[1].len()), "{pieces:?}");
            }
        }
    }

    #[test]
    fn blocks_cover_the_rows_and_hold_no_more_than_they_may() {
        for len in 0..300 {
            for (rows, quantum) in [(8, 8), (24, 8), (72, 8), (12, 12), (72, 12), (7, 7), (64, 32)] {
                for even in [false, true] {
                    let blocks: Vec<_> = Blocks { rows, quantum, even }.of(5..5 + len).collect();
                    assert_eq!(blocks.len(), len.div_ceil(rows));
                    assert_eq!(blocks.iter().map(ExactSizeIterator::len).sum::<usize>(), len);
                    assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start));
                    assert!(blocks.iter().all(|block| !block.is_empty() && block.len() <= rows), "{blocks:?}");
                    let tiles = blocks.iter().map(|block| block.len().div_ceil(quantum));
                    assert_eq!(tiles.clone().sum::<usize>(), len.div_ceil(quantum));
                    let (least, most) = (tiles.clone().min().unwrap_or(0), tiles.max().unwrap_or(0));
                    assert!(!even || most - least <= 1, "{blocks:?}");
                }
            }
        }
    }

    #[test]
    fn classes_take_turns_with_weights_that_do_not_stay_near() {
        let class = |down, across| Class {
            down,
            across,
            first: [0; 2],
            segments: vec![Segment { offset: 0, bytes: 2048, line: 0, lines: 512 }],
            order: 0,
            taps: [0..1, 0..1],
        };
        let spans = [0..1, 1..6, 6..7];
        let classes: Vec<Class> =
            spans.iter().flat_map(|down| spans.iter().map(|across| class(down.clone(), across.clone()))).collect();
        let group = |first| PanelGroup { first, panels: 1, group: 0, form: Form::Rounded, contiguous: false };
        let groups: Vec<PanelGroup> = (0..32).map(group).collect();
        for threads in 1..4 {
            let extent =
                Extent { batch: 1, row_bytes: 1536, panel_bytes: 73728, threads, row_quantum: 8, few_passes: true };
            let tasks = tasks(&classes, &groups, &extent);
            let turns: Vec<&[Task]> = tasks.chunk_by(|a, b| a.groups == b.groups).collect();
            assert!(turns.len() > 3 && turns.iter().all(|turn| turn.len() == classes.len()));
            assert!(turns.windows(2).all(|pair| pair[0][0].groups.end == pair[1][0].groups.start));
            assert_eq!(turns.iter().map(|turn| turn[0].groups.len()).sum::<usize>(), groups.len());
            for turn in turns {
                let rows = |(index, task): (usize, &Task)| {
                    task.class as usize == index && task.rows == (0..classes[index].rows(1) as u32)
                };
                assert!(turn.iter().enumerate().all(rows));
            }
        }
    }

    #[test]
    fn splits_cover_the_range() {
        for start in [0, 3] {
            for len in 0..20 {
                for count in 1..25 {
                    let parts = split(start..start + len, count);
                    assert_eq!(parts[0].start, start);
                    assert_eq!(parts.last().unwrap().end, start + len);
                    assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
                    assert!(len == 0 || parts.iter().all(|part| !part.is_empty()));
                }
            }
        }
    }
}
