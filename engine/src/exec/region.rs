//! One parallel region: a run over layers of independent tasks, by the caller and its helpers.
//!
//! A run goes through the layers in order. All threads in it claim tasks of the current layer from
//! the cursor until none is left, report how many they ran, and wait for the next layer:
//! ```text
//! loop
//!     look at the cursor         idle: the run is over, leave
//!                                no task left: wait until the layer changes, look again
//!     claim; run the task; claim again, until no task is left
//!     done += tasks run          whoever brings it to the number of tasks:
//!                                    notes the time, publishes the next layer, wakes the others
//! ```
//! * A layer ends when all its tasks are done. No thread is ever waited for as such, only tasks
//!   that some thread is executing: the caller alone finishes any run.
//! * A helper may come late, in another layer or after the run: the cursor tells it where it is.
//! * While a thread has claimed tasks and not reported them, the layer cannot end; this is why all
//!   claims of one batch belong to the same layer, and why a batch may be reported at once.
//!
//! # What callers may rely on
//! 1. In one run each task of each layer runs exactly once, and everything that tasks of earlier
//!    layers did happens before it. So does all that the caller did before [`Region::run`].
//! 2. Everything that tasks did happens before [`Region::run`] returns, also when a task panicked.
//! 3. No [`Work`] method is called outside [`Region::new`] and [`Region::run`]. Late helpers touch
//!    the region's own counters only. With `&mut Region` the memory behind `Work` is therefore the
//!    caller's alone; since helpers still hold the `Arc` around the `Work` value, reach it through
//!    pointers or `UnsafeCell`s in that value, never through a `&mut` to the value itself.
//! 4. The value is dropped with its last holder: possibly by a late helper, on a pool thread.
#![expect(
    unsafe_code,
    reason = "running a task is unsafe: the region keeps the promise that tasks run once and in order"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use super::cancel::Cancel;
use super::crew::{Help, Reservation};
use super::cursor::{Cursor, End, MAX_TASKS};
use super::helpers::Helpers;
use super::lender::Lender;
use super::orders::{Ended, Order, Orders, Panicked};
use super::sync::{AtomicUsize, Ordering, cores};
use super::times::Times;
use super::trace::{Span, Trace};
use super::wait::{Parking, Working, patience};

/// What a region executes.
pub(crate) trait Work: Send + Sync + 'static {
    /// Number of layers; asked once, when the region is made.
    fn layers(&self) -> usize;

    /// Number of tasks of a layer, 0 to skip it; asked once, when the region is made.
    fn tasks(&self, layer: usize) -> usize;

    /// Runs one task, on the thread that has the number `thread`: below the number of threads that the region was made
    /// for, 0 for the caller.
    ///
    /// # Safety
    /// Called once for each `(layer, task)` of a run; all tasks of earlier layers happened before,
    /// and no task of another layer, nor of another run of this region, is being executed. All earlier tasks with the
    /// same `thread` happened before, in this run and in others.
    unsafe fn run(&self, layer: usize, task: usize, thread: usize);
}

/// A layer has more tasks than a region can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer} is cut into {tasks} tasks, at most {MAX_TASKS} are possible: use a smaller batch")]
pub(crate) struct TooManyTasks {
    /// The layer.
    pub(crate) layer: usize,
    /// Its number of tasks.
    pub(crate) tasks: usize,
}

/// The thread number of who calls [`Region::run`]; helpers have those after it.
const CALLER: usize = 0;

/// The layers of a [`Work`] and the threads that run them, one run at a time.
pub(crate) struct Region<W> {
    shared: Arc<Shared<W>>,
    /// Who lends helpers; `None` when the caller runs alone.
    lender: Option<Lender>,
    /// Whether runs note their tasks.
    recording: bool,
}

/// A value alone on its cache lines: two of them, which adjacent-line prefetchers fetch together.
#[repr(align(128))]
struct Alone<T>(T);

struct Shared<W> {
    cursor: Alone<Cursor>,
    /// Tasks of the current layer that have ended and been reported; 0 between layers.
    done: Alone<AtomicUsize>,
    parking: Alone<Parking>,
    helpers: Helpers,
    orders: Orders,
    times: Times,
    /// There once tasks are to be noted.
    trace: OnceLock<Trace>,
    /// Tasks of each layer, then 0 for the idle position after the last.
    tasks: Box<[usize]>,
    cores: usize,
    /// Room for the helpers where the lender keeps it, for as long as one may be asked for.
    _reservation: Option<Reservation>,
    work: W,
}

impl<W: Work> Region<W> {
    /// A region that runs `work` on the caller's thread and up to `threads - 1` threads of `lender`.
    ///
    /// # Errors
    /// A layer has too many tasks.
    pub(crate) fn new(work: W, threads: usize, lender: Option<Lender>) -> Result<Self, TooManyTasks> {
        let layers = work.layers();
        let tasks: Box<[usize]> = (0..layers).map(|layer| work.tasks(layer)).chain([0]).collect();
        if let Some((layer, &tasks)) = tasks.iter().enumerate().find(|&(_, &tasks)| tasks > MAX_TASKS) {
            return Err(TooManyTasks { layer, tasks });
        }
        // No layer keeps more threads busy than it has tasks.
        let useful = threads.min(tasks.iter().copied().max().unwrap_or(0)).saturating_sub(1);
        let helpers = lender.as_ref().map_or(0, |lender| useful.min(lender.threads()));
        let lender = lender.filter(|_| helpers > 0);
        let shared = Shared {
            cursor: Alone(Cursor::new(layers)),
            done: Alone(AtomicUsize::new(0)),
            parking: Alone(Parking::default()),
            helpers: Helpers::new(helpers),
            orders: Orders::new(),
            times: Times::new(layers),
            trace: OnceLock::new(),
            tasks,
            cores: cores(),
            _reservation: lender.as_ref().and_then(|lender| lender.reserve(helpers)),
            work,
        };
        Ok(Self { shared: Arc::new(shared), lender, recording: false })
    }

    /// Runs all layers once, unless `cancel` ends the run before.
    ///
    /// # Errors
    /// A task panicked, or the run was to end. Tasks after that were not run; the region can be used again.
    pub(crate) fn run(&mut self, cancel: Option<&Cancel>) -> Result<(), Ended> {
        let shared = &self.shared;
        shared.orders.begin(cancel, self.recording);
        if let Some(trace) = shared.trace.get() {
            trace.clear();
        }
        let now = shared.times.now();
        shared.times.begin(now);
        let first = shared.next_layer(0, now);
        match &self.lender {
            Some(lender) => shared.run_together(first, lender),
            None => shared.run_alone(first),
        }
        shared.orders.finish()
    }

    /// Whether later runs note when and where each task is executed. The first time takes the memory for it.
    pub(crate) fn record(&mut self, recording: bool) {
        self.recording = recording;
        if recording {
            let Shared { trace, tasks, .. } = &*self.shared;
            trace.get_or_init(|| Trace::new(tasks));
        }
    }

    /// The tasks of the last run, where it noted them, in nanoseconds since its start.
    pub(crate) fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        let start = self.shared.times.start();
        let since = move |nanos: u64| nanos.saturating_sub(start);
        let spans = self.shared.trace.get().into_iter().flat_map(Trace::spans);
        spans.map(move |span| Span { begin: since(span.begin), end: since(span.end), ..span })
    }

    /// The value that the region runs.
    pub(crate) fn work(&self) -> &W {
        &self.shared.work
    }

    /// Nanoseconds that each layer of the last run took, from the end of the layer before it.
    ///
    /// They add up to the time from the start of the run to the end of its last layer. Before the first run all are 0.
    pub(crate) fn layer_nanos(&self) -> impl Iterator<Item = u64> + '_ {
        self.shared.times.layer_nanos()
    }

    /// Nanoseconds that the tasks of each layer of the last run kept threads busy, summed over threads.
    ///
    /// At most the number of threads times [`Region::layer_nanos`]; the caller alone is busy all the time.
    pub(crate) fn busy_nanos(&self) -> impl Iterator<Item = u64> + '_ {
        let alone = self.lender.is_none();
        let times = &self.shared.times;
        times.layer_nanos().zip(times.busy_nanos()).map(move |(layer, busy)| if alone { layer } else { busy })
    }

    /// Nanoseconds from the start of the last run to the end of its last layer.
    #[cfg(test)]
    pub(super) fn total_nanos(&self) -> u64 {
        self.shared.times.total_nanos()
    }

    /// Helpers spawned that have not left yet.
    #[cfg(test)]
    pub(super) fn enlisted(&self) -> usize {
        self.shared.helpers.enlisted()
    }
}

impl<W: Work> Shared<W> {
    fn layers(&self) -> usize {
        self.times.layers()
    }

    /// The first layer from `layer` on that has tasks to run; those skipped end `now`.
    fn next_layer(&self, mut layer: usize, now: u64) -> usize {
        let stopped = self.orders.look() == Order::Skip;
        while layer < self.layers() && (stopped || self.tasks[layer] == 0) {
            self.times.end(layer, now);
            layer += 1;
        }
        layer
    }

    /// Notes that all tasks of `layer` are done and gives the layer to run next.
    fn end_layer(&self, layer: usize) -> usize {
        let now = self.times.now();
        self.times.end(layer, now);
        self.next_layer(layer + 1, now)
    }

    fn run_alone(&self, first: usize) {
        let mut layer = first;
        while layer < self.layers() {
            for task in 0..self.tasks[layer] {
                // SAFETY: no other thread is in the run, and the loops go over layers and tasks in
                // order, each once.
                unsafe { self.run_task(layer, task, CALLER) }
            }
            layer = self.end_layer(layer);
        }
    }

    fn run_together(self: &Arc<Self>, first: usize, lender: &Lender) {
        if first == self.layers() {
            return;
        }
        let _working = Working::enter();
        self.cursor.0.publish(self.cursor.0.next_run() + first as u64);
        // Nobody is woken: whoever sleeps, does so in a run. A helper that still sleeps in the last
        // one is about to be woken by the thread that ended it.
        self.helpers.enlist(|helper| lender.ask(Arc::<Self>::clone(self), helper));
        self.participate(CALLER);
    }

    /// Takes part in the current run until it is over.
    fn participate(&self, thread: usize) {
        let cursor = &self.cursor.0;
        // Half of the threads at each end, the caller at the front.
        let end = if thread.is_multiple_of(2) { End::Front } else { End::Back };
        loop {
            let seen = cursor.look();
            let layer = cursor.layer(seen.sequence);
            if layer == self.layers() {
                return;
            }
            if seen.exhausted(self.tasks[layer]) {
                let changed = || cursor.look().sequence != seen.sequence;
                self.parking.0.wait(patience(self.cores), changed);
                continue;
            }
            let claimed = cursor.claim(end);
            let layer = cursor.layer(claimed.sequence);
            if let Some(task) = claimed.task(end, self.tasks[layer]) {
                let begin = self.times.now();
                // SAFETY: just claimed from the cursor.
                let ran = unsafe { self.run_batch(layer, task, thread, end) };
                // Before the report: until then the layer cannot end, and its sum is still open.
                self.times.add(layer, self.times.now().saturating_sub(begin));
                self.report(claimed.sequence, ran);
            }
        }
    }

    /// Runs a claimed task, then claims and runs more of its layer while there are any.
    ///
    /// Returns how many it ran; until they are reported the layer cannot end.
    ///
    /// # Safety
    /// The task was claimed from the cursor for the layer, and is one of its tasks.
    unsafe fn run_batch(&self, layer: usize, task: usize, thread: usize, end: End) -> usize {
        let (cursor, tasks) = (&self.cursor.0, self.tasks[layer]);
        let (mut task, mut ran) = (task, 0);
        loop {
            // SAFETY: the cursor gives each task number of a layer to one thread only, and it came
            // to this layer after all tasks of earlier layers were reported. The first claim
            // synchronized with that; the layer cannot change before `ran` is reported.
            unsafe { self.run_task(layer, task, thread) }
            ran += 1;
            if cursor.look().exhausted(tasks) {
                return ran;
            }
            let claimed = cursor.claim(end);
            debug_assert_eq!(cursor.layer(claimed.sequence), layer, "a layer ended with a task in flight");
            match claimed.task(end, tasks) {
                Some(next) => task = next,
                None => return ran,
            }
        }
    }

    /// Counts tasks of the current layer as done; the last ones bring the next layer.
    fn report(&self, sequence: u64, ran: usize) {
        let layer = self.cursor.0.layer(sequence);
        // Acquire and release: whoever completes the count has seen what all tasks did, and passes
        // it on with the next layer.
        if self.done.0.fetch_add(ran, Ordering::AcqRel) + ran < self.tasks[layer] {
            return;
        }
        // Nobody adds again before claiming a task of the next layer, which comes after this store.
        self.done.0.store(0, Ordering::Relaxed);
        let next = self.end_layer(layer);
        self.cursor.0.publish(sequence + (next - layer) as u64);
        self.parking.0.wake_all();
    }

    /// Runs one task, unless the run has been stopped; a panic stops it.
    ///
    /// # Safety
    /// As [`Work::run`].
    unsafe fn run_task(&self, layer: usize, task: usize, thread: usize) {
        match self.orders.look() {
            // SAFETY: the caller's.
            Order::Run => unsafe { self.run_caught(layer, task, thread) },
            Order::Skip => {}
            // SAFETY: the caller's.
            Order::Watched | Order::Noted => unsafe { self.run_watched(layer, task, thread) },
        }
    }

    /// Runs one task unless the run is to end now, and notes it if wanted.
    ///
    /// # Safety
    /// As [`Work::run`].
    #[cold]
    unsafe fn run_watched(&self, layer: usize, task: usize, thread: usize) {
        // Before the task, which may stop the run.
        let order = self.orders.look();
        if self.orders.told_to_stop() {
            return;
        }
        let begin = self.times.now();
        // SAFETY: the caller's.
        unsafe { self.run_caught(layer, task, thread) }
        if let (Order::Noted, Some(trace)) = (order, self.trace.get()) {
            trace.add(Span { layer, task, thread, begin, end: self.times.now() });
        }
    }

    /// Runs one task; a panic stops the run.
    ///
    /// # Safety
    /// As [`Work::run`].
    unsafe fn run_caught(&self, layer: usize, task: usize, thread: usize) {
        // What a panic leaves half done is memory of this run, which nobody reads: the run fails.
        // SAFETY: the caller's.
        let result = catch_unwind(AssertUnwindSafe(|| unsafe { self.work.run(layer, task, thread) }));
        if let Err(payload) = result {
            self.orders.stop(Ended::Panicked(Panicked { layer, payload }));
        }
    }
}

impl<W: Work> Help for Shared<W> {
    fn help(&self, helper: usize) {
        let _working = Working::enter();
        loop {
            self.participate(helper + 1);
            self.helpers.leave(helper);
            let over = self.cursor.0.layer(self.cursor.0.look().sequence) == self.layers();
            if over || !self.helpers.come_back(helper) {
                return;
            }
        }
    }
}
