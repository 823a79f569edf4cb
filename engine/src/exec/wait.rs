//! Waiting: spin for as long as a short layer lasts, then sleep.

use std::sync::atomic::{AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long to spin before sleeping: longer than the last tasks of most layers, and than a wake-up.
const SPIN: Duration = Duration::from_micros(40);

/// Checks between two looks at the clock.
const SPINS_PER_LOOK: usize = 32;

/// Threads that are in a parallel region now, in the whole process.
static WORKERS: AtomicUsize = AtomicUsize::new(0);

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

/// How long to spin on `cores` cores: not at all where that would keep another worker off a core.
pub(super) fn patience(cores: usize) -> Duration {
    if WORKERS.load(Ordering::Relaxed) <= cores { SPIN } else { Duration::ZERO }
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
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
}

impl Parking {
    /// Returns when `ready()` is true, after spinning for up to `patience`.
    ///
    /// `ready` loads an atomic, and whoever changes that atomic then calls [`Parking::wake_all`].
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
        fence(Ordering::SeqCst);
        if self.sleepers.load(Ordering::Relaxed) != 0 {
            drop(self.lock());
            self.wake.notify_all();
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two threads take turns; each turn ends with the other asleep, or about to be.
    #[test]
    fn no_wake_up_is_lost() {
        let turns = if cfg!(miri) { 50 } else { 20_000 };
        let (turn, parking) = (AtomicUsize::new(0), Parking::default());
        std::thread::scope(|scope| {
            for player in 0..2 {
                let (turn, parking) = (&turn, &parking);
                scope.spawn(move || {
                    for round in 0..turns {
                        parking.wait(Duration::ZERO, || turn.load(Ordering::Acquire) == 2 * round + player);
                        turn.store(2 * round + player + 1, Ordering::Release);
                        parking.wake_all();
                    }
                });
            }
        });
        assert_eq!(turn.into_inner(), 2 * turns);
        assert_eq!(parking.sleepers.into_inner(), 0);
    }
}
