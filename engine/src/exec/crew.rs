//! Threads that stand by for regions: the plan's own helpers.
//!
//! Each thread sleeps until a region asks for a helper, helps, and waits for the next region. Asking takes no memory: a
//! region reserves its places in the queue when it is made, one for each of its helpers. A helper is asked for only while
//! it is not enlisted ([`super::helpers`]), so it stands in the queue once at most.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::sync::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering, cores, spawn};
use super::wait::{Parking, patience_outside};

/// What threads are lent to.
pub(super) trait Help: Send + Sync {
    /// Helps as helper number `helper` for as long as there is something to do.
    fn help(&self, helper: usize);
}

/// Threads that wait for regions; they end when it is dropped.
pub(crate) struct Crew {
    pub(super) shared: Arc<Shared>,
    threads: usize,
}

#[derive(Default)]
pub(super) struct Shared {
    asked: Mutex<Asked>,
    /// How many stand in the queue, to be looked at without the lock.
    waiting: AtomicUsize,
    /// Threads that have started.
    started: AtomicUsize,
    /// No region is left, nor comes one.
    closed: AtomicBool,
    parking: Parking,
}

/// Who has asked for helpers and got none yet.
#[derive(Default)]
struct Asked {
    queue: VecDeque<(Arc<dyn Help>, usize)>,
    /// Places of all regions together; the queue has memory for them.
    reserved: usize,
}

/// A region's places in the queue.
pub(super) struct Reservation {
    shared: Arc<Shared>,
    places: usize,
}

impl Crew {
    /// Starts so many threads, and waits until they stand by.
    ///
    /// # Errors
    /// When the system has no more; none is left then.
    pub(crate) fn new(threads: usize) -> io::Result<Self> {
        // Dropped where a thread cannot start, which ends the others.
        let crew = Self { shared: Arc::default(), threads };
        for index in 0..threads {
            let shared = Arc::clone(&crew.shared);
            spawn(format!("ottava-{index}"), move || shared.stand_by())?;
        }
        // A thread takes memory when it starts, which must not happen in a run.
        let started = || crew.shared.started.load(Ordering::Acquire) == threads;
        crew.shared.parking.wait(Duration::ZERO, started);
        Ok(crew)
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Makes room for the helpers of one region.
    pub(super) fn reserve(&self, places: usize) -> Reservation {
        let mut asked = self.shared.lock();
        asked.reserved += places;
        let more = asked.reserved.saturating_sub(asked.queue.len());
        asked.queue.reserve(more);
        Reservation { shared: Arc::clone(&self.shared), places }
    }

    /// Asks for a helper, who comes when a thread has nothing else to do.
    pub(super) fn ask(&self, region: Arc<dyn Help>, helper: usize) {
        let mut asked = self.shared.lock();
        asked.queue.push_back((region, helper));
        self.shared.waiting.store(asked.queue.len(), Ordering::Release);
        drop(asked);
        self.shared.parking.wake_one();
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.shared.parking.wake_all();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shared.lock().reserved -= self.places;
    }
}

impl Shared {
    /// What each thread does.
    fn stand_by(&self) {
        let cores = cores();
        self.started.fetch_add(1, Ordering::Release);
        self.parking.wake_all();
        loop {
            let asked = || self.waiting.load(Ordering::Acquire) != 0 || self.closed.load(Ordering::Acquire);
            // Runs often follow each other at once.
            self.parking.wait(patience_outside(cores), asked);
            match self.next() {
                // Dropped after it has been helped, and outside of the lock: it may be the last to hold the region.
                Some((region, helper)) => region.help(helper),
                None if self.closed.load(Ordering::Acquire) => return,
                None => {}
            }
        }
    }

    fn next(&self) -> Option<(Arc<dyn Help>, usize)> {
        let mut asked = self.lock();
        let next = asked.queue.pop_front();
        self.waiting.store(asked.queue.len(), Ordering::Release);
        next
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
