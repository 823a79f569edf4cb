//! The cursor of a region: which layer is current, and which of its tasks nobody has taken yet.
//!
//! ```text
//! 63                     28 27         14 13          0
//! [ sequence number : 36 ] [ from the end ] [ from the front ]
//! ```
//! Tasks are taken from both ends, by each thread from the same end in every layer. Neighbouring tasks work on
//! neighbouring rows, so a thread reads mostly what it wrote in the layer before, and not what lies in another
//! core's caches.
//!
//! A run over `layers` layers uses `layers + 1` consecutive sequence numbers: one for each layer,
//! and a last one that means *idle*. Claiming is one `fetch_add` on the whole word, so its result
//! names the layer that is current at that very moment. A thread that slept between deciding to
//! claim and claiming therefore gets a task of whatever layer is current now, or nothing; it never
//! gets a task of a layer that it remembers from earlier.
//!
//! Numbers that wrap would do no harm, because nobody acts on a remembered number except to wait
//! until it changes.

use super::sync::{AtomicU64, Ordering};

/// Bits of each count of tasks taken.
const TASK_BITS: u32 = 14;
/// Bits below the sequence number.
pub(super) const TAKEN_BITS: u32 = 2 * TASK_BITS;

/// The largest number of tasks of one layer, and of threads.
///
/// A thread adds to an exhausted layer at most once, since it looks before each addition; so tasks
/// and threads together stay below the 2^14 that would carry into the next count.
pub(super) const MAX_TASKS: usize = (1 << (TASK_BITS - 1)) - 1;

const _: () = assert!(2 * MAX_TASKS < 1 << TASK_BITS);

/// Where a thread takes tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The first task that is left.
    Front,
    /// The last task that is left.
    Back,
}

/// What the cursor held at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Sequence number of the current layer.
    pub(super) sequence: u64,
    /// Tasks taken from the front and from the back; at or above the layer's number of tasks together when there is
    /// none left.
    pub(super) taken: [usize; 2],
}

impl Position {
    fn unpack(word: u64) -> Self {
        let count = |shift: u32| (word >> shift & ((1 << TASK_BITS) - 1)) as usize;
        Self { sequence: word >> TAKEN_BITS, taken: [count(0), count(TASK_BITS)] }
    }

    /// Whether a layer of `tasks` tasks has none left.
    pub(super) fn exhausted(self, tasks: usize) -> bool {
        self.taken[0] + self.taken[1] >= tasks
    }

    /// The task that a claim at this position gets of a layer of `tasks` tasks.
    ///
    /// The first `tasks` claims of a layer get one each: those from the front the first tasks, those from the back
    /// the others.
    pub(super) fn task(self, end: End, tasks: usize) -> Option<usize> {
        match end {
            _ if self.exhausted(tasks) => None,
            End::Front => Some(self.taken[0]),
            End::Back => Some(tasks - 1 - self.taken[1]),
        }
    }
}

/// See the module.
pub(super) struct Cursor {
    pub(super) word: AtomicU64,
    slots: u64,
}

impl Cursor {
    /// A cursor over runs of `layers` layers, idle.
    pub(super) fn new(layers: usize) -> Self {
        let slots = layers as u64 + 1;
        Self { word: AtomicU64::new((slots - 1) << TAKEN_BITS), slots }
    }

    /// The layer that a sequence number stands for; the number of layers when it means idle.
    pub(super) fn layer(&self, sequence: u64) -> usize {
        (sequence % self.slots) as usize
    }

    /// The position now. Everything that came before [`Cursor::publish`] of it is visible.
    pub(super) fn look(&self) -> Position {
        Position::unpack(self.word.load(Ordering::Acquire))
    }

    /// Takes the next task at one end of the current layer; [`Position::task`] tells which, if there was one.
    /// Everything that came before [`Cursor::publish`] of this layer is visible.
    pub(super) fn claim(&self, end: End) -> Position {
        // Acquire suffices: read-modify-writes continue the release sequence of the store in
        // `publish`, so every later claim of the layer synchronizes with that store, too.
        let one = match end {
            End::Front => 1,
            End::Back => 1 << TASK_BITS,
        };
        Position::unpack(self.word.fetch_add(one, Ordering::Acquire))
    }

    /// Makes `sequence` the current layer with all its tasks to take.
    ///
    /// Only the one thread that finished the previous layer, or that starts a run, may call this.
    /// Additions of others that the store overwrites were made to an exhausted or idle layer and
    /// gave them nothing.
    pub(super) fn publish(&self, sequence: u64) {
        self.word.store(sequence << TAKEN_BITS, Ordering::Release);
    }

    /// Sequence number of the first layer of the run after the one that is idle now.
    pub(super) fn next_run(&self) -> u64 {
        let idle = self.look().sequence;
        debug_assert_eq!(self.layer(idle) as u64, self.slots - 1, "a run is in progress");
        let last = u64::MAX >> TAKEN_BITS;
        // The numbers start over when a whole run no longer fits.
        if last - idle >= self.slots { idle + 1 } else { 0 }
    }
}
