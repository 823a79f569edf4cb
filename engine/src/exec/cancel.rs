//! Asking a run to end before it is done.

use std::sync::Arc;
use std::time::Instant;

use super::sync::{AtomicBool, Ordering};

/// Ends runs before they are done: when somebody says so, or at a point in time.
///
/// Clones share one flag, so that one of them can be with another thread while [`Session::run_with`] has the other.
/// Once cancelled it stays so: a run that is to be cancelled for itself gets a new one.
///
/// [`Session::run_with`]: crate::Session::run_with
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    cancelled: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

/// Why a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// [`Cancel::cancel`] was called.
    Cancelled,
    /// The deadline has passed.
    DeadlineExceeded,
}

impl Cancel {
    /// One that nobody has cancelled, without a deadline.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a deadline, in place of one that it had: runs end soon after it. Clones keep their own deadlines and share
    /// the flag.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self { cancelled: Arc::clone(&self.cancelled), deadline: Some(deadline) }
    }

    /// Ends all runs that have it or a clone of it, and those to come.
    ///
    /// It stores one atomic value and does nothing else: it can be called from a signal handler.
    pub fn cancel(&self) {
        // Nothing is read because of it but the flag.
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether [`Cancel::cancel`] was called, on it or on a clone of it.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Whether a run is to end now.
    pub(crate) fn stop(&self) -> Option<Stop> {
        if self.is_cancelled() {
            return Some(Stop::Cancelled);
        }
        // A clock is read where there is a deadline only: there are targets without one.
        self.deadline.filter(|&deadline| Instant::now() >= deadline).map(|_| Stop::DeadlineExceeded)
    }
}
