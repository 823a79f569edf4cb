//! What the region is synchronized with, in one place: the model of `tests/region_model.rs` has its own.

use std::num::NonZero;
use std::{io, thread};

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, RwLock};

/// How many threads can run at once.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Starts a thread that nobody waits for.
pub(super) fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name).spawn(run).map(drop)
}
