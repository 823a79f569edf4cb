//! When the layers of a run ended, and how long their tasks kept threads busy.
//!
//! All is written and read with relaxed ordering; [`super::cursor`] and the count of tasks done bring the order:
//! * [`Times::begin`] is called before the cursor publishes the first layer of the run. Whoever claims a task has seen it.
//! * [`Times::end`] is called by the one thread that completed a layer, before it publishes the next.
//! * [`Times::add`] is called between the claim of a thread's first task of a layer and the report of its last. Reports
//!   are releases, and the one that completes the count acquires all others: the sum is whole when the layer ends, and is
//!   published with the layer after it. No thread adds to a layer that has ended, nor to another run's.
//! * Durations are read between runs, by the caller, who saw the run published as over.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Instant;

/// The clock of a region and what it showed in the last run.
pub(super) struct Times {
    epoch: Instant,
    /// Start of the run in nanoseconds since `epoch`.
    start: AtomicU64,
    layers: Box<[Layer]>,
}

/// Both in one place: the thread that ends a layer has just written the one and writes the other.
#[derive(Default)]
struct Layer {
    /// End in nanoseconds since the epoch.
    end: AtomicU64,
    /// Nanoseconds that threads spent on tasks, summed over threads.
    busy: AtomicU64,
}

impl Times {
    /// A clock for so many layers.
    pub(super) fn new(layers: usize) -> Self {
        let layers = (0..layers).map(|_| Layer::default()).collect();
        Self { epoch: Instant::now(), start: AtomicU64::new(0), layers }
    }

    /// Number of layers.
    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// When the last run started, in nanoseconds since the epoch.
    pub(super) fn start(&self) -> u64 {
        self.start.load(Ordering::Relaxed)
    }

    /// Nanoseconds since the epoch.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A run starts `now`: no thread has been busy in it.
    pub(super) fn begin(&self, now: u64) {
        self.start.store(now, Ordering::Relaxed);
        self.layers.iter().for_each(|layer| layer.busy.store(0, Ordering::Relaxed));
    }

    /// A thread was busy with tasks of a layer for so long.
    pub(super) fn add(&self, layer: usize, nanos: u64) {
        self.layers[layer].busy.fetch_add(nanos, Ordering::Relaxed);
    }

    /// A layer ends `now`.
    pub(super) fn end(&self, layer: usize, now: u64) {
        self.layers[layer].end.store(now, Ordering::Relaxed);
    }

    /// Nanoseconds of each layer of the last run, from the end of the one before.
    pub(super) fn layer_nanos(&self) -> impl Iterator<Item = u64> + '_ {
        let mut begin = self.start.load(Ordering::Relaxed);
        self.layers.iter().map(move |layer| {
            let end = layer.end.load(Ordering::Relaxed);
            end.saturating_sub(std::mem::replace(&mut begin, end))
        })
    }

    /// What was added to each layer in the last run.
    pub(super) fn busy_nanos(&self) -> impl Iterator<Item = u64> + '_ {
        self.layers.iter().map(|layer| layer.busy.load(Ordering::Relaxed))
    }

    /// Nanoseconds from the start of the last run to the end of its last layer.
    #[cfg(test)]
    pub(super) fn total_nanos(&self) -> u64 {
        let start = self.start.load(Ordering::Relaxed);
        self.layers.last().map_or(0, |layer| layer.end.load(Ordering::Relaxed).saturating_sub(start))
    }
}
