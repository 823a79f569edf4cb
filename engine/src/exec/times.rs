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

#[cfg(test)]
mod tests {
    #![expect(unsafe_code, reason = "what a region runs is unsafe to call")]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::super::{Region, Work};

    const PAUSE: Duration = Duration::from_millis(5);

    /// Two tasks that run at once where there are two threads, a layer without tasks, and one task alone.
    struct Pauses {
        threads: usize,
        met: AtomicUsize,
    }

    impl Work for Pauses {
        fn layers(&self) -> usize {
            3
        }

        fn tasks(&self, layer: usize) -> usize {
            [2, 0, 1][layer]
        }

        unsafe fn run(&self, layer: usize, _: usize, _: usize) {
            if layer == 0 && self.threads == 2 {
                let pair = self.met.fetch_add(1, Ordering::Relaxed) / 2;
                while self.met.load(Ordering::Relaxed) < 2 * pair + 2 {
                    std::thread::yield_now();
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    #[test]
    fn busy_time_is_that_of_all_threads_in_the_last_run() {
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts");
            let work = Pauses { threads, met: AtomicUsize::new(0) };
            let mut region = Region::new(work, threads, Some(Arc::new(pool))).expect("few tasks");
            for _ in 0..3 {
                region.run().expect("no task panics");
                let layers: Vec<_> = region.layer_nanos().map(Duration::from_nanos).collect();
                let busy: Vec<_> = region.busy_nanos().map(Duration::from_nanos).collect();
                let context = format!("{threads} threads: {busy:?} of {layers:?}");
                assert!(busy[0] >= 2 * PAUSE && busy[0] <= threads as u32 * layers[0], "{context}");
                assert!(busy[1].is_zero(), "{context}");
                assert!(busy[2] >= PAUSE && busy[2] <= layers[2], "one task keeps one thread busy; {context}");
                assert!(threads > 1 || busy == layers, "{context}");
            }
        }
    }
}
