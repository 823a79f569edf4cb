//! How a convolution is cut: panel groups, row blocks and tasks.

use core::ops::Range;

use super::bind::Descriptor;
use super::class::Class;
use super::columns::Columns;
use super::pack::PanelSource;
use crate::requantize::Form;

/// Most rows whose pointers a task prepares at a time.
pub(crate) const MAX_BLOCK_ROWS: usize = 72;
/// Activations of a block of rows should stay in the first-level cache beside the weights.
const BLOCK_BYTES: usize = 24 << 10;
/// Weights that one task streams should stay in the second-level cache.
const CHUNK_BYTES: usize = 640 << 10;
/// Below this many bytes of weights all panels go together.
const WHOLE_BYTES: usize = 1 << 20;
/// Tasks for each thread, so that the last ones end close together.
const TASKS_PER_THREAD: usize = 8;

/// Neighbouring panels that one tile computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PanelGroup {
    pub(crate) first: usize,
    pub(crate) panels: usize,
    /// Channel group that the panels read.
    pub(crate) group: usize,
    /// How all panels are scaled.
    pub(crate) form: Form,
    /// Whether the panels are stored together; see [`Columns::joined`].
    pub(crate) joined: bool,
}

/// Rows of a class times a range of panel groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) class: u32,
    pub(crate) rows: Range<u32>,
    pub(crate) groups: Range<u32>,
}

/// Panels that read the same channels, joined to tile widths.
pub(crate) fn panel_groups(descriptor: &Descriptor, sources: &[PanelSource], columns: &mut [Columns]) -> Vec<PanelGroup> {
    let mut groups = Vec::new();
    let mut first = 0;
    for run in sources.chunk_by(|a, b| a.group == b.group) {
        for panels in descriptor.widths(run.len()) {
            let columns = &mut columns[first..first + panels];
            let form = Columns::unite(columns);
            groups.push(PanelGroup { first, panels, group: run[0].group, form, joined: Columns::joined(columns) });
            first += panels;
        }
    }
    groups
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
}

impl Extent {
    /// Rows whose pointers are prepared together.
    pub(crate) fn block_rows(&self) -> usize {
        let quantum = self.row_quantum;
        (BLOCK_BYTES / self.row_bytes.max(1)).clamp(quantum, MAX_BLOCK_ROWS) / quantum * quantum
    }
}

/// Cuts the classes into tasks of similar work.
pub(crate) fn tasks(classes: &[Class], groups: &[PanelGroup], extent: &Extent) -> Vec<Task> {
    let chunks = chunks(groups, extent.panel_bytes);
    let work = |rows: usize, class: &Class, panels: usize| rows * panels * class.steps().max(1);
    let all_panels: usize = groups.iter().map(|group| group.panels).sum();
    let total: usize = classes.iter().map(|class| work(class.rows(extent.batch), class, all_panels)).sum();
    let share = (total / (extent.threads * TASKS_PER_THREAD)).max(1);
    let mut tasks = Vec::new();
    for chunk in chunks {
        for (index, class) in classes.iter().enumerate() {
            let rows = class.rows(extent.batch);
            let pieces = pieces(groups, chunk.clone(), rows, share, |panels| work(rows, class, panels), extent);
            for piece in pieces {
                let panels: usize = groups[piece.clone()].iter().map(|group| group.panels).sum();
                let one_row = work(1, class, panels);
                let step = (share / one_row).max(1).next_multiple_of(extent.block_rows().min(3 * extent.row_quantum));
                let parts = rows.div_ceil(step);
                for part in 0..parts {
                    tasks.push(Task {
                        class: index as u32,
                        rows: (rows * part / parts) as u32..(rows * (part + 1) / parts) as u32,
                        groups: piece.start as u32..piece.end as u32,
                    });
                }
            }
        }
    }
    tasks
}

/// Ranges of panel groups whose weights fit the second-level cache together.
fn chunks(groups: &[PanelGroup], panel_bytes: usize) -> Vec<Range<usize>> {
    let panels: usize = groups.iter().map(|group| group.panels).sum();
    let count = if panels * panel_bytes <= WHOLE_BYTES { 1 } else { (panels * panel_bytes).div_ceil(CHUNK_BYTES) };
    split(0..groups.len(), count)
}

/// Splits a chunk by panels where the class has too few rows to make enough tasks of them.
fn pieces(
    groups: &[PanelGroup],
    chunk: Range<usize>,
    rows: usize,
    share: usize,
    work: impl Fn(usize) -> usize,
    extent: &Extent,
) -> Vec<Range<usize>> {
    let panels: usize = groups[chunk.clone()].iter().map(|group| group.panels).sum();
    let wanted = work(panels).div_ceil(share);
    let by_rows = rows.div_ceil(extent.block_rows().min(3 * extent.row_quantum));
    if extent.threads == 1 || wanted <= by_rows {
        return vec![chunk];
    }
    split(chunk, wanted.div_ceil(by_rows))
}

/// Splits a range evenly into at most `count` parts, none of them empty.
fn split(range: Range<usize>, count: usize) -> Vec<Range<usize>> {
    let count = count.clamp(1, range.len().max(1));
    let at = |part: usize| range.start + range.len() * part / count;
    (0..count).map(|part| at(part)..at(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
