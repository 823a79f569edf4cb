//! The cursor of a region: which layer is current, and which of its tasks nobody has taken yet.
//!
//! ```text
//! 63                     24 23          0
//! [ sequence number : 40 ] [ task : 24 ]
//! ```
//! A run over `layers` layers uses `layers + 1` consecutive sequence numbers: one for each layer,
//! and a last one that means *idle*. Claiming is one `fetch_add` on the whole word, so its result
//! names the layer that is current at that very moment. A thread that slept between deciding to
//! claim and claiming therefore gets a task of whatever layer is current now, or nothing; it never
//! gets a task of a layer that it remembers from earlier.
//!
//! Numbers that wrap would do no harm, because nobody acts on a remembered number except to wait
//! until it changes. They do not wrap in practice either: 2^40 numbers last for months.

use std::sync::atomic::{AtomicU64, Ordering};

const TASK_BITS: u32 = 24;

/// The largest number of tasks of one layer, and of threads.
///
/// A thread adds to an exhausted layer at most once, since it looks before each addition; so tasks
/// and threads together stay below the 2^24 that would carry into the sequence number.
pub(super) const MAX_TASKS: usize = (1 << (TASK_BITS - 1)) - 1;

const _: () = assert!(2 * MAX_TASKS < 1 << TASK_BITS);

/// What the cursor held at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Sequence number of the current layer.
    pub(super) sequence: u64,
    /// The next task to claim; at or above the layer's number of tasks when there is none.
    pub(super) task: usize,
}

impl Position {
    fn unpack(word: u64) -> Self {
        Self { sequence: word >> TASK_BITS, task: (word & ((1 << TASK_BITS) - 1)) as usize }
    }
}

/// See the module.
pub(super) struct Cursor {
    word: AtomicU64,
    slots: u64,
}

impl Cursor {
    /// A cursor over runs of `layers` layers, idle.
    pub(super) fn new(layers: usize) -> Self {
        let slots = layers as u64 + 1;
        Self { word: AtomicU64::new((slots - 1) << TASK_BITS), slots }
    }

    /// The layer that a sequence number stands for; the number of layers when it means idle.
    pub(super) fn layer(&self, sequence: u64) -> usize {
        (sequence % self.slots) as usize
    }

    /// The position now. Everything that came before [`Cursor::publish`] of it is visible.
    pub(super) fn look(&self) -> Position {
        Position::unpack(self.word.load(Ordering::Acquire))
    }

    /// Takes the next task of the current layer; the task number tells whether there was one.
    /// Everything that came before [`Cursor::publish`] of this layer is visible.
    pub(super) fn claim(&self) -> Position {
        // Acquire suffices: read-modify-writes continue the release sequence of the store in
        // `publish`, so every later claim of the layer synchronizes with that store, too.
        Position::unpack(self.word.fetch_add(1, Ordering::Acquire))
    }

    /// Makes `sequence` the current layer with all its tasks to take.
    ///
    /// Only the one thread that finished the previous layer, or that starts a run, may call this.
    /// Additions of others that the store overwrites were made to an exhausted or idle layer and
    /// gave them nothing.
    pub(super) fn publish(&self, sequence: u64) {
        self.word.store(sequence << TASK_BITS, Ordering::Release);
    }

    /// Sequence number of the first layer of the run after the one that is idle now.
    pub(super) fn next_run(&self) -> u64 {
        let idle = self.look().sequence;
        debug_assert_eq!(self.layer(idle) as u64, self.slots - 1, "a run is in progress");
        let last = u64::MAX >> TASK_BITS;
        // The numbers start over when a whole run no longer fits.
        if last - idle >= self.slots { idle + 1 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_the_layer_of_that_moment() {
        let cursor = Cursor::new(3);
        assert_eq!(cursor.layer(cursor.look().sequence), 3, "idle at first");
        let first = cursor.next_run();
        assert_eq!(cursor.layer(first), 0);
        cursor.publish(first);
        assert_eq!(cursor.claim(), Position { sequence: first, task: 0 });
        assert_eq!(cursor.claim(), Position { sequence: first, task: 1 });
        cursor.publish(first + 1);
        assert_eq!(cursor.claim(), Position { sequence: first + 1, task: 0 });
        assert_eq!(cursor.look(), Position { sequence: first + 1, task: 1 });
    }

    #[test]
    fn numbers_start_over_before_they_overflow() {
        for distance in 0..10 {
            let mut cursor = Cursor::new(3);
            let last_idle = (u64::MAX >> TASK_BITS) / 4 * 4 - 1 - 4 * distance;
            cursor.word = AtomicU64::new(last_idle << TASK_BITS);
            let first = cursor.next_run();
            assert_eq!(cursor.layer(first), 0);
            cursor.publish(first + 3);
            assert_eq!(cursor.look(), Position { sequence: first + 3, task: 0 });
        }
    }
}
