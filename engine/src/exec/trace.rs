//! When each task of a run was executed, and by which thread.
//!
//! All is written and read with relaxed ordering, in the order that [`super::times`] tells: cleared before the cursor publishes a
//! run, noted between the claim of a task and its report, read between runs.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// No thread has this number: the task was not executed.
const NOBODY: usize = usize::MAX;

/// One task of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) layer: usize,
    pub(crate) task: usize,
    pub(crate) thread: usize,
    /// Nanoseconds since the clock's epoch.
    pub(crate) begin: u64,
    /// Likewise.
    pub(crate) end: u64,
}

/// Room for the tasks of one run.
pub(super) struct Trace {
    layers: Box<[Box<[Slot]>]>,
}

struct Slot {
    begin: AtomicU64,
    end: AtomicU64,
    thread: AtomicUsize,
}

impl Trace {
    /// For layers of so many tasks.
    pub(super) fn new(tasks: &[usize]) -> Self {
        let slot = || Slot { begin: AtomicU64::new(0), end: AtomicU64::new(0), thread: AtomicUsize::new(NOBODY) };
        Self { layers: tasks.iter().map(|&tasks| (0..tasks).map(|_| slot()).collect()).collect() }
    }

    /// Forgets the tasks of the last run.
    pub(super) fn clear(&self) {
        self.layers.iter().flatten().for_each(|slot| slot.thread.store(NOBODY, Ordering::Relaxed));
    }

    /// Notes a task.
    pub(super) fn add(&self, Span { layer, task, thread, begin, end }: Span) {
        let slot = &self.layers[layer][task];
        slot.begin.store(begin, Ordering::Relaxed);
        slot.end.store(end, Ordering::Relaxed);
        slot.thread.store(thread, Ordering::Relaxed);
    }

    /// The tasks that were executed, by layer and task.
    pub(super) fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        let tasks = |layer: usize| (0..self.layers[layer].len()).map(move |task| (layer, task));
        (0..self.layers.len()).flat_map(tasks).filter_map(|(layer, task)| self.span(layer, task))
    }

    fn span(&self, layer: usize, task: usize) -> Option<Span> {
        let slot = &self.layers[layer][task];
        let thread = slot.thread.load(Ordering::Relaxed);
        let [begin, end] = [&slot.begin, &slot.end].map(|time| time.load(Ordering::Relaxed));
        (thread != NOBODY).then_some(Span { layer, task, thread, begin, end })
    }
}
