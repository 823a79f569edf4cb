//! Waiting: spin for as long as a short layer lasts, then sleep.

use std::sync::PoisonError;
// No part of the model: a static one, which no result depends on.
use std::sync::atomic::AtomicUsize as WorkerCount;
use std::time::{Duration, Instant};

use super::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, fence};

/// How long to spin before sleeping: longer than the last tasks of most layers, and than a wake-up.
const SPIN: Duration = Duration::from_micros(40);

/// Checks between two looks at the clock.
const SPINS_PER_LOOK: usize = 32;

/// Threads that are in a parallel region now, in the whole process. Nothing but spinning depends on it.
static WORKERS: WorkerCount = WorkerCount::new(0);

/// Counts the current thread as one that is in a parallel region.
pub(super) struct Working(());

impl Working {
    pub(super) fn enter() -> Self {
        WORKERS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        WORKERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a worker spins on `cores` cores: not at all where that would keep another worker off a core.
pub(super) fn patience(cores: usize) -> Duration {
    if WORKERS.load(Ordering::Relaxed) <= cores { SPIN } else { Duration::ZERO }
}

/// The same for a thread that waits to become one.
pub(super) fn patience_outside(cores: usize) -> Duration {
    if WORKERS.load(Ordering::Relaxed) < cores { SPIN } else { Duration::ZERO }
}

/// Where threads sleep until a condition on an atomic becomes true.
///
/// No wake-up is lost. The waker changes the atomic (a), passes a fence and reads the number of
/// sleepers (b). A waiter adds itself to the sleepers (c), passes a fence and reads the atomic (d).
/// The two fences are sequentially consistent, so one comes first:
/// * the waker's: then (d) sees (a), and the waiter does not sleep;
/// * the waiter's: then (b) sees (c), and the waker takes the lock. The waiter holds it from before
///   (c) until it sleeps, so the notification comes when the waiter sleeps already, or has left.
///
/// Nothing else is shared, so a waker pays one fence and one load while nobody sleeps.
#[derive(Default)]
pub(super) struct Parking {
    pub(super) sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Parking {
    /// Returns when `ready()` is true, after spinning for up to `patience`.
    ///
    /// `ready` loads an atomic, and whoever changes that atomic then calls [`Parking::wake_all`], or
    /// [`Parking::wake_one`] where one waiter is enough.
    pub(super) fn wait(&self, patience: Duration, ready: impl Fn() -> bool) {
        if spin(patience, &ready) {
            return;
        }
        let mut guard = self.lock();
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        while !ready() {
            guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Makes all sleepers check again.
    pub(super) fn wake_all(&self) {
        if self.has_sleepers() {
            self.wake.notify_all();
        }
    }

    /// Makes one sleeper check again, where that is enough.
    pub(super) fn wake_one(&self) {
        if self.has_sleepers() {
            self.wake.notify_one();
        }
    }

    /// Whether anybody sleeps, or is about to and has not seen what the caller changed. Who is about to sleep does so
    /// before this returns.
    fn has_sleepers(&self) -> bool {
        fence(Ordering::SeqCst);
        let any = self.sleepers.load(Ordering::Relaxed) != 0;
        if any {
            drop(self.lock());
        }
        any
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `ready()` became true within `patience`.
fn spin(patience: Duration, ready: &impl Fn() -> bool) -> bool {
    if patience.is_zero() {
        return ready();
    }
    let start = Instant::now();
    loop {
        for _ in 0..SPINS_PER_LOOK {
            if ready() {
                return true;
            }
            std::hint::spin_loop();
        }
        if start.elapsed() >= patience {
            return false;
        }
    }
}
