//! What a session computes in: the arena, one aligned allocation that concurrent tasks read and write through views, and
//! the threads' workspaces.
#![expect(unsafe_code, reason = "tasks share the arena through views of disjoint bytes")]

use std::cell::UnsafeCell;

use ottava_kernels::{Input, Line, Output, Workspace};

use crate::error::Result;
use crate::pages::Pages;

/// Zeroed memory for the activations of one session.
pub(crate) struct Arena {
    lines: Pages<UnsafeCell<Line>>,
}

// SAFETY: the bytes are reached only through views, whose unsafe users vouch that nobody writes
// what another reads or writes; and by `copy_in` and `copy_out`, which say the same.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena of at least `bytes` bytes, all 0.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn new(bytes: usize) -> Result<Self> {
        Ok(Self { lines: Pages::zeros(bytes.div_ceil(size_of::<Line>()))?.populated() })
    }

    /// Bytes in the arena.
    pub(crate) fn len(&self) -> usize {
        64 * self.lines.len()
    }

    /// The first byte of `len` at `offset`.
    ///
    /// # Panics
    /// The range is not within the arena.
    fn at(&self, offset: usize, len: usize) -> *mut u8 {
        assert!(offset <= self.len() && len <= self.len() - offset, "{len} bytes at {offset} of {}", self.len());
        // `UnsafeCell` makes writes through the shared reference possible; the pointer covers the slice.
        UnsafeCell::raw_get(self.lines.as_ptr()).cast::<u8>().wrapping_add(offset)
    }

    /// A view to read `len` bytes at `offset`.
    ///
    /// # Panics
    /// The range is not within the arena.
    ///
    /// # Safety
    /// The view is not used after the arena is gone, and as [`Input::from_raw`] says.
    pub(crate) unsafe fn input(&self, offset: usize, len: usize) -> Input<'static> {
        // SAFETY: `at` asserts the range; the rest is the caller's promise.
        unsafe { Input::from_raw(self.at(offset, len), len) }
    }

    /// A view to write `len` bytes at `offset`.
    ///
    /// # Panics
    /// The range is not within the arena.
    ///
    /// # Safety
    /// The view is not used after the arena is gone, and as [`Output::from_raw`] says.
    pub(crate) unsafe fn output(&self, offset: usize, len: usize) -> Output<'static> {
        // SAFETY: `at` asserts the range; the rest is the caller's promise.
        unsafe { Output::from_raw(self.at(offset, len), len) }
    }

    /// Makes all bytes 0.
    ///
    /// # Safety
    /// Nobody else uses the arena meanwhile.
    pub(crate) unsafe fn clear(&self) {
        // SAFETY: `at` gives the first byte of all that the arena has; the caller vouches that it is ours for the moment.
        unsafe { self.at(0, self.len()).write_bytes(0, self.len()) }
    }

    /// Copies bytes into the arena, each XOR `mask`.
    ///
    /// # Panics
    /// The range is not within the arena.
    ///
    /// # Safety
    /// Nobody else uses these bytes meanwhile.
    pub(crate) unsafe fn copy_in(&self, offset: usize, bytes: &[u8], mask: u8) {
        let target = self.at(offset, bytes.len());
        // SAFETY: `at` asserts the range; the caller vouches that it is ours for the moment.
        let target = unsafe { std::slice::from_raw_parts_mut(target, bytes.len()) };
        for (target, byte) in target.iter_mut().zip(bytes) {
            *target = byte ^ mask;
        }
    }

    /// Copies runs of `run` bytes, `stride` apart, out of the arena, each byte XOR `mask`.
    ///
    /// # Panics
    /// A run is not within the arena.
    ///
    /// # Safety
    /// Nobody writes these bytes meanwhile.
    pub(crate) unsafe fn copy_out(&self, offset: usize, [run, stride]: [usize; 2], mask: u8, bytes: &mut [u8]) {
        for (index, target) in bytes.chunks_mut(run.max(1)).enumerate() {
            let source = self.at(offset + index * stride, target.len());
            // SAFETY: `at` asserts the range; the caller vouches that nobody writes it.
            let source = unsafe { std::slice::from_raw_parts(source, target.len()) };
            for (target, byte) in target.iter_mut().zip(source) {
                *target = byte ^ mask;
            }
        }
    }
}

/// As much memory for each thread of a session as its layers need, in lines of its own.
pub(crate) struct Workspaces {
    lines: Pages<UnsafeCell<Line>>,
    lines_per_thread: usize,
}

// SAFETY: the lines are reached only through `of`, whose callers vouch that no two of them hold those of one thread.
unsafe impl Sync for Workspaces {}

impl Workspaces {
    /// At least `bytes` for each of so many threads.
    ///
    /// # Errors
    /// When there is no memory for them.
    pub(crate) fn new(threads: usize, bytes: usize) -> Result<Self> {
        let lines_per_thread = bytes.div_ceil(size_of::<Line>());
        Ok(Self { lines: Pages::zeros(threads.saturating_mul(lines_per_thread))?.populated(), lines_per_thread })
    }

    /// Makes all bytes 0.
    ///
    /// # Safety
    /// No workspace is in use.
    pub(crate) unsafe fn clear(&self) {
        // SAFETY: the slice covers the lines, whose cells make writes possible; the caller vouches that they are ours.
        unsafe { UnsafeCell::raw_get(self.lines.as_ptr()).write_bytes(0, self.lines.len()) }
    }

    /// The workspace of a thread.
    ///
    /// # Panics
    /// There are fewer threads.
    ///
    /// # Safety
    /// No other workspace of the thread is in use.
    pub(crate) unsafe fn of(&self, thread: usize) -> Workspace<'_> {
        let own = &self.lines[thread * self.lines_per_thread..][..self.lines_per_thread];
        // SAFETY: the slice covers the lines, whose cells make writes possible; the caller vouches that they are ours.
        Workspace::new(unsafe { std::slice::from_raw_parts_mut(UnsafeCell::raw_get(own.as_ptr()), own.len()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_went_in() {
        let arena = Arena::new(130).expect("little memory");
        assert_eq!(arena.len(), 192);
        let bytes: Vec<u8> = (0..100).collect();
        let mut back = vec![0; 100];
        // SAFETY: the arena is this test's alone.
        unsafe {
            arena.copy_in(7, &bytes, 0x80);
            arena.copy_out(7, [100, 100], 0x80, &mut back);
        }
        assert_eq!(back, bytes);
        let mut runs = vec![0; 6];
        // SAFETY: as above.
        unsafe { arena.copy_out(7 + 10, [2, 5], 0x80, &mut runs) };
        assert_eq!(runs, [10, 11, 15, 16, 20, 21]);
        assert_eq!(arena.at(0, 1).align_offset(64), 0);
    }

    #[test]
    fn threads_have_workspaces_of_their_own() {
        let workspaces = Workspaces::new(3, 65).expect("little memory");
        // SAFETY: one of each thread.
        let lines = [0, 1, 2].map(|thread| unsafe { workspaces.of(thread) }.lines(2));
        for (thread, lines) in lines.iter().enumerate() {
            assert_eq!(lines.as_ptr() as usize, workspaces.lines.as_ptr() as usize + 128 * thread);
            assert_eq!(lines.as_ptr().align_offset(64), 0);
        }
        let none = Workspaces::new(2, 0).expect("no memory at all");
        // SAFETY: as above.
        assert!(unsafe { none.of(1) }.lines(0).is_empty());
    }

    #[test]
    #[should_panic(expected = "bytes at")]
    fn ranges_outside_are_refused() {
        // SAFETY: refused before anything is copied.
        unsafe { Arena::new(64).expect("little memory").copy_in(60, &[0; 5], 0) };
    }
}
