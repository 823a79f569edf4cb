//! What threads look at before each task: whether the run goes on, and whether somebody wants to know of each task.
//!
//! One load tells it all. Only where it says that the run is watched, a thread asks further: that costs a run nothing that has
//! neither a [`Cancel`] nor a recording.
//!
//! [`Orders::begin`] is called before the cursor publishes a run, and [`Orders::finish`] after it was seen to be over; nobody else
//! looks here meanwhile. In a run all loads and stores are relaxed: whoever sees a stop late runs tasks in vain.

use std::any::Any;
use std::fmt;
use std::sync::PoisonError;

use super::cancel::{Cancel, Stop};
use super::sync::{AtomicUsize, Mutex, Ordering, RwLock};

/// A task panicked; the rest of the run was skipped.
pub(crate) struct Panicked {
    /// The layer of the task.
    pub(crate) layer: usize,
    /// What it panicked with, as from [`std::panic::catch_unwind`].
    pub(crate) payload: Box<dyn Any + Send>,
}

impl Panicked {
    /// The text of the panic, where it has one.
    pub(crate) fn message(&self) -> &str {
        let text = self.payload.downcast_ref::<&str>().copied();
        text.or_else(|| self.payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without a message")
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panicked").field("layer", &self.layer).field("message", &self.message()).finish()
    }
}

/// Why a run ended before all its tasks had run.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A task panicked.
    Panicked(Panicked),
    /// Somebody wanted it.
    Stopped(Stop),
}

/// What a thread is to do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Run it.
    Run,
    /// Run it unless [`Orders::told_to_stop`].
    Watched,
    /// The same, and note when and where.
    Noted,
    /// Leave it out.
    Skip,
}

/// The orders of one run at a time.
pub(super) struct Orders {
    /// An [`Order`] as a number.
    order: AtomicUsize,
    cancel: RwLock<Option<Cancel>>,
    /// The first reason to skip tasks.
    ended: Mutex<Option<Ended>>,
}

impl Orders {
    pub(super) fn new() -> Self {
        Self { order: AtomicUsize::new(Order::Run as usize), cancel: RwLock::new(None), ended: Mutex::new(None) }
    }

    /// A run begins, which `cancel` can end.
    pub(super) fn begin(&self, cancel: Option<&Cancel>, recording: bool) {
        let order = match cancel {
            _ if recording => Order::Noted,
            Some(_) => Order::Watched,
            None => Order::Run,
        };
        self.order.store(order as usize, Ordering::Relaxed);
        if let Some(cancel) = cancel {
            *self.cancel.write().unwrap_or_else(PoisonError::into_inner) = Some(cancel.clone());
            self.told_to_stop();
        }
    }

    /// What to do with the next task.
    pub(super) fn look(&self) -> Order {
        match self.order.load(Ordering::Relaxed) {
            order if order == Order::Run as usize => Order::Run,
            order if order == Order::Watched as usize => Order::Watched,
            order if order == Order::Noted as usize => Order::Noted,
            _ => Order::Skip,
        }
    }

    /// Whether the run is to end now; then all tasks to come are skipped.
    pub(super) fn told_to_stop(&self) -> bool {
        let cancel = self.cancel.read().unwrap_or_else(PoisonError::into_inner);
        let stop = cancel.as_ref().and_then(Cancel::stop);
        if let Some(stop) = stop {
            self.stop(Ended::Stopped(stop));
        }
        stop.is_some()
    }

    /// Skips all tasks to come.
    pub(super) fn stop(&self, why: Ended) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *ended {
            slot @ None => *slot = Some(why),
            // Dropping a payload can panic again, here outside of any catch.
            Some(_) => std::mem::forget(why),
        }
        self.order.store(Order::Skip as usize, Ordering::Relaxed);
    }

    /// The run is over.
    ///
    /// # Errors
    /// Tasks were skipped.
    pub(super) fn finish(&self) -> Result<(), Ended> {
        if self.look() == Order::Run {
            return Ok(());
        }
        *self.cancel.write().unwrap_or_else(PoisonError::into_inner) = None;
        // Whoever stops a run stores the reason first, and reports its task afterwards.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}
