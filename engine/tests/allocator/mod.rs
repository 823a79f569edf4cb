//! An allocator that counts, and that refuses where a test wants it to.
#![expect(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of all threads since the start.
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Bytes that this thread has taken and not given back.
    static TAKEN: Cell<isize> = const { Cell::new(0) };
    /// This thread gets no allocation of so many bytes or more.
    static LIMIT: Cell<usize> = const { Cell::new(usize::MAX) };
}

fn taken(layout: Layout) -> bool {
    ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
    let granted = layout.size() < LIMIT.get();
    if granted {
        TAKEN.set(TAKEN.get() + layout.size() as isize);
    }
    granted
}

// SAFETY: what is granted comes from the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if taken(layout) { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if taken(layout) { unsafe { System.alloc_zeroed(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.set(TAKEN.get() - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Allocations of all threads that `run` makes.
pub fn allocations(run: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::SeqCst);
    run();
    ALLOCATIONS.load(Ordering::SeqCst) - before
}

/// What `make` returns, and the bytes that this thread has taken for it and not given back.
pub fn bytes_of<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = TAKEN.get();
    let made = make();
    (made, usize::try_from(TAKEN.get() - before).unwrap_or(0))
}

/// What `make` returns where this thread gets no allocation of `limit` bytes or more.
pub fn with_limit<T>(limit: usize, make: impl FnOnce() -> T) -> T {
    LIMIT.set(limit);
    let made = make();
    LIMIT.set(usize::MAX);
    made
}
