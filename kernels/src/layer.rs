//! What a planned operator is to whoever runs it: a number of independent tasks.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::kernel_id::KernelId;
use crate::memory::{Input, Line, Output, Workspace};

/// An operator with shapes, weights and kernel settled, ready to run any number of times.
///
/// The work is cut into [`Layer::tasks`] tasks which may run in any order, on any threads, each
/// exactly once per run; results do not depend on who runs them.
pub trait Layer: Send + Sync {
    /// Which kernel it is, as the registry lists it.
    fn kernel(&self) -> KernelId;

    /// Number of tasks, at least 1.
    fn tasks(&self) -> usize;

    /// Bytes of packed weights and tables that the layer holds.
    fn packed_bytes(&self) -> usize {
        0
    }

    /// Bytes of workspace that each thread needs in this layer.
    fn workspace_bytes(&self) -> usize {
        0
    }

    /// Whether the first output may have the address of an input, by its index, so that the layer overwrites it.
    ///
    /// Of a layer that says so each task reads only those bytes of the input that it writes itself, and none that it has written
    /// already. It forms no reference that would promise that bytes of either are not written by other means.
    fn may_overwrite(&self, _input: usize) -> bool {
        false
    }

    /// Runs one task.
    ///
    /// # Errors
    /// The operator is not defined for the values of this run, such as an index out of range. The output bytes of the
    /// task hold anything then.
    ///
    /// # Panics
    /// The task is not below [`Layer::tasks`], a view is missing or shorter than the shapes need, or the workspace has
    /// fewer than [`Layer::workspace_bytes`].
    ///
    /// # Safety
    /// For the time of the call nobody writes the input tensors' bytes, and nobody else reads or
    /// writes the output bytes of this task: no other call runs the same task on the same outputs. An input that the layer
    /// overwrites ([`Layer::may_overwrite`]) is an exception: its tasks write its bytes.
    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure>;
}

/// One task of a layer, with what it reads and writes.
pub struct Task<'a> {
    /// Which task.
    pub index: usize,
    /// The layer's inputs, in its order.
    pub inputs: &'a [Input<'a>],
    /// The layer's outputs, in its order.
    pub outputs: &'a [Output<'a>],
    /// Memory of the thread that runs the task. It holds anything, and nothing in it is kept.
    pub workspace: Workspace<'a>,
}

/// Why a layer could not compute with the values that it met.
pub type Failure = Box<dyn core::error::Error + Send + Sync>;

/// Runs all tasks of a layer in order on the caller's thread.
///
/// # Panics
/// As [`Layer::run`], and where a task fails.
pub fn run_all(layer: &dyn Layer, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) {
    try_run_all(layer, inputs, outputs).unwrap_or_else(|failure| panic!("{failure}"));
}

/// [`run_all`] for layers that can fail.
///
/// # Errors
/// The failure of the first task that fails; the tasks after it are not run.
///
/// # Panics
/// As [`Layer::run`].
pub fn try_run_all(layer: &dyn Layer, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
    #[cfg(test)]
    crate::testing::assert_listed(&layer.kernel());
    run_tasks(layer, inputs, outputs)
}

/// What [`try_run_all`] does.
pub(crate) fn run_tasks(layer: &dyn Layer, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
    let inputs: Vec<Input<'_>> = inputs.iter().map(|&bytes| bytes.into()).collect();
    let outputs: Vec<Output<'_>> = outputs.iter_mut().map(|bytes| Output::from(&mut **bytes)).collect();
    let mut lines = vec![Line::ZERO; layer.workspace_bytes().div_ceil(size_of::<Line>())];
    for index in 0..layer.tasks() {
        let workspace = Workspace::new(&mut lines);
        // SAFETY: the borrows make inputs immutable and outputs exclusive for the whole call, and
        // tasks run one after the other.
        unsafe { layer.run(Task { index, inputs: &inputs, outputs: &outputs, workspace })? }
    }
    Ok(())
}

/// Work of a task below which handing it out costs more than it brings.
const LEAST_WORK: usize = 1 << 14;
/// Tasks for each thread, so that the last ones end close together.
const TASKS_PER_THREAD: usize = 4;

/// Work of a task that takes well less than a millisecond: a run that is cancelled goes on to the end of the task.
const MOST_WORK: usize = 1 << 19;
/// Tasks of a layer beyond which none are shortened for that, since their number in a layer is limited.
const MOST_SHORT_TASKS: usize = 1 << 11;

/// Rows of a task, where a layer has `rows` rows of `row_work` elementary steps each.
pub(crate) fn row_tasks(rows: usize, row_work: usize, threads: usize) -> usize {
    let short = (MOST_WORK / row_work.max(1)).max(rows.div_ceil(MOST_SHORT_TASKS));
    let share = match threads {
        0 | 1 => rows,
        _ => rows.div_ceil(threads * TASKS_PER_THREAD).max(LEAST_WORK / row_work.max(1)),
    };
    share.min(short).clamp(1, rows.max(1))
}

/// Splits a range evenly into at most `parts` parts, none of them empty, whose lengths are multiples of a quantum, but for the last.
pub(crate) fn split(range: Range<usize>, parts: usize, quantum: usize) -> Vec<Range<usize>> {
    let quanta = range.len().div_ceil(quantum);
    let parts = parts.clamp(1, quanta.max(1));
    let at = |part: usize| range.end.min(range.start + quanta * part / parts * quantum);
    (0..parts).map(|part| at(part)..at(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_cover_the_range() {
        for start in [0, 3] {
            for len in 0..20 {
                for (count, quantum) in (1..25).flat_map(|count| [1, 2, 5].map(|quantum| (count, quantum))) {
                    let parts = split(start..start + len, count, quantum);
                    assert!(parts.len() <= count);
                    assert_eq!(parts[0].start, start);
                    assert_eq!(parts.last().unwrap().end, start + len);
                    assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
                    assert!(len == 0 || parts.iter().all(|part| !part.is_empty()));
                    assert!(parts[..parts.len() - 1].iter().all(|part| part.len().is_multiple_of(quantum)));
                }
            }
        }
    }

    #[test]
    fn tasks_are_short_on_any_number_of_threads() {
        for rows in [0, 1, 7, 1000, 1 << 20] {
            for row_work in [0, 1, 100, 5000, 1 << 19, 1 << 25, usize::MAX] {
                for threads in [0, 1, 2, 8] {
                    let share = row_tasks(rows, row_work, threads);
                    assert!((1..=rows.max(1)).contains(&share), "{share} of {rows} rows");
                    let tasks = rows.div_ceil(share);
                    assert!(tasks <= MOST_SHORT_TASKS.max(threads * TASKS_PER_THREAD), "{tasks} tasks");
                    let short = share == 1 || share.saturating_mul(row_work) <= MOST_WORK;
                    assert!(
                        short || tasks > MOST_SHORT_TASKS / 2,
                        "{share} rows of {row_work} each in one of {tasks} tasks"
                    );
                }
            }
        }
    }
}
