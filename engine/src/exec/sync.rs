//! What the region is synchronized with, in one place: the model of `tests/region_model.rs` has its own.

use std::num::NonZero;
use std::{io, thread};

pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
pub(super) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, RwLock};

/// How many threads could run at once when this was first asked: to find out takes longer than a small network.
pub(super) fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// Starts a thread that nobody waits for.
pub(super) fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name).spawn(run).map(drop)
}
