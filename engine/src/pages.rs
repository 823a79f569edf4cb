//! Zeroed memory that is on large pages where the system has them.
//!
//! An inference reads the packed weights and writes the arena from end to end. On pages of 4 KiB each of their six
//! thousand pages is a miss of the translation buffers, and the hardware's prefetching ends at each of their borders.
#![expect(unsafe_code, reason = "a mapping is memory without a type")]

use std::cell::UnsafeCell;
use std::fmt;
#[cfg(target_os = "linux")]
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytemuck::Zeroable;
#[cfg(target_os = "linux")]
use memmap2::{MmapOptions, MmapRaw};
use ottava_kernels::{Line, PackedMemory, StableBytes};

use crate::buffer::zeros;
use crate::error::Result;

/// Bytes of a large page: those of x86-64, and of ARM with base pages of 4 KiB.
const LARGE_PAGE: usize = 2 << 20;
/// Bytes of the smallest pages.
const SMALL_PAGE: usize = 4 << 10;
/// Bytes that are worth a mapping: the allocator would write zeros to memory that is zero already.
#[cfg(target_os = "linux")]
const LEAST_MAPPED: usize = 64 << 10;
/// What part of a large page may be wasted.
#[cfg(target_os = "linux")]
const WASTED: usize = 16;

/// Zeroed elements.
pub(crate) struct Pages<T>(Memory<T>);

enum Memory<T> {
    /// Little, or no mapping can be had.
    Heap(Box<[T]>),
    /// From an address of a large page on where there is one.
    #[cfg(target_os = "linux")]
    Mapped { map: MmapRaw, first: usize, len: usize, elements: PhantomData<Box<[T]>> },
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if matches!(self.0, Memory::Heap(_)) { "heap" } else { "mapped" };
        f.debug_struct("Pages").field("memory", &kind).field("len", &self.len()).finish()
    }
}

impl<T: Zeroable> Pages<T> {
    /// So many zeros.
    ///
    /// # Errors
    /// When there is no memory for them.
    pub(crate) fn zeros(count: usize) -> Result<Self> {
        const { assert!(align_of::<T>() <= SMALL_PAGE && !needs_drop::<T>()) };
        match Self::mapped(count) {
            Some(mapped) => Ok(Self(mapped)),
            None => Ok(Self(Memory::Heap(zeros(count)?))),
        }
    }

    /// A mapping of so many zeros, whose whole large pages are to be such. The rest, less than one of them, stays on small pages unless
    /// it nearly fills another: it would take the memory of a whole one. What is never touched takes no memory.
    #[cfg(target_os = "linux")]
    fn mapped(count: usize) -> Option<Memory<T>> {
        let bytes = count.checked_mul(size_of::<T>())?;
        if bytes < LEAST_MAPPED {
            return None;
        }
        let large = bytes.checked_add(LARGE_PAGE / WASTED)? / LARGE_PAGE * LARGE_PAGE;
        if large == 0 {
            let map = MmapRaw::from(MmapOptions::new().len(bytes).map_anon().ok()?);
            return Some(Memory::Mapped { map, first: 0, len: count, elements: PhantomData });
        }
        // Wherever the mapping begins, there is a border in its first large page.
        let map = MmapRaw::from(MmapOptions::new().len(bytes.max(large).checked_add(LARGE_PAGE)?).map_anon().ok()?);
        let first = map.as_ptr().align_offset(LARGE_PAGE);
        map.advise_range(memmap2::Advice::HugePage, first, large).ok()?;
        Some(Memory::Mapped { map, first, len: count, elements: PhantomData })
    }

    /// Makes sure that what is on small pages is there, which takes less time at once than page by page.
    pub(crate) fn populated(self) -> Self {
        #[cfg(target_os = "linux")]
        if let Memory::Mapped { map, first, len, .. } = &self.0 {
            let bytes = len * size_of::<T>();
            let large = (bytes + LARGE_PAGE / WASTED) / LARGE_PAGE * LARGE_PAGE;
            if large < bytes {
                // Older kernels refuse it, and then pages come when they are touched.
                let _ = map.advise_range(memmap2::Advice::PopulateWrite, first + large, bytes - large);
            }
        }
        self
    }

    /// Gives the memory of the elements from `used` on back, which nobody has written.
    pub(crate) fn release_from(&self, used: usize) {
        #[cfg(target_os = "linux")]
        if let Memory::Mapped { map, first, .. } = &self.0 {
            let start = (first + used * size_of::<T>()).next_multiple_of(SMALL_PAGE);
            if let Some(bytes @ 1..) = map.len().checked_sub(start) {
                // SAFETY: pages that are given back become zeros again, which they are: nobody has written them.
                let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, bytes) };
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = used;
    }

    #[cfg(not(target_os = "linux"))]
    fn mapped(_count: usize) -> Option<Memory<T>> {
        None
    }
}

impl<T> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Memory::Heap(elements) => elements,
            #[cfg(target_os = "linux")]
            Memory::Mapped { map, first, len, .. } => {
                // SAFETY: the mapping holds `len` elements from `first` on, whose address is a multiple of the alignment; its zeros
                // are elements (`Zeroable`), and it is reached through this value alone.
                unsafe { std::slice::from_raw_parts(map.as_ptr().add(*first).cast(), *len) }
            }
        }
    }
}

/// Memory of packed weights: what is packed in it lies side by side, so that large pages hold what many layers pack.
#[derive(Debug)]
pub(crate) struct PackedPages {
    chunk: Mutex<Chunk>,
    /// Bytes of the next chunk, unless one part takes more.
    chunk_bytes: AtomicUsize,
}

/// Lines that parts are made of.
#[derive(Debug)]
struct Lines(Pages<UnsafeCell<Line>>);

// SAFETY: a line is written once, before the part that has it exists, and only read afterwards.
unsafe impl Sync for Lines {}

/// A chunk and how many of its lines are handed out.
#[derive(Debug, Default)]
struct Chunk {
    lines: Option<Arc<Lines>>,
    used: usize,
}

/// Lines of a chunk that nobody else uses.
struct Part {
    chunk: Arc<Lines>,
    first: usize,
    bytes: usize,
}

// SAFETY: the chunk does not move and lives as long as the part; nobody writes the part's lines, which no other part has.
unsafe impl StableBytes for Part {
    fn bytes(&self) -> &[u8] {
        let lines = &self.chunk.0[self.first..];
        assert!(size_of_val(lines) >= self.bytes);
        // SAFETY: asserted above; the lines are initialized and no longer written.
        unsafe { std::slice::from_raw_parts(UnsafeCell::raw_get(lines.as_ptr()).cast(), self.bytes) }
    }
}

impl PackedPages {
    /// Memory for packed weights of about so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { chunk: Mutex::default(), chunk_bytes: AtomicUsize::new(bytes) }
    }

    /// Lines that no other part has; `None` where there is no memory.
    fn reserve(&self, lines: usize, bytes: usize) -> Option<Part> {
        let mut chunk = self.chunk.lock().unwrap_or_else(PoisonError::into_inner);
        let room = chunk.lines.as_ref().map_or(0, |chunk| chunk.0.len());
        if room - chunk.used < lines {
            // The first chunk holds all of them, but for very unusual weights; what is packed beyond that comes in large pages of its
            // own.
            let bytes = self.chunk_bytes.swap(LARGE_PAGE, Ordering::Relaxed);
            let chunk_lines = bytes.saturating_add(bytes / 4).next_multiple_of(LARGE_PAGE) / size_of::<Line>();
            *chunk = Chunk { lines: Some(Arc::new(Lines(Pages::zeros(chunk_lines.max(lines)).ok()?))), used: 0 };
        }
        let part = Part { chunk: Arc::clone(chunk.lines.as_ref()?), first: chunk.used, bytes };
        chunk.used += lines;
        Some(part)
    }
}

impl Drop for PackedPages {
    /// Nothing more is packed: what is left of the chunk is given back, with what a large page has more than was used.
    fn drop(&mut self) {
        let chunk = self.chunk.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = &chunk.lines {
            lines.0.release_from(chunk.used);
        }
    }
}

impl PackedMemory for PackedPages {
    /// What is smaller than a small page would gain nothing, and neither do networks that fill no large page.
    fn fill(&self, bytes: usize, fill: &mut dyn FnMut(&mut [u8])) -> Option<Arc<dyn StableBytes>> {
        if bytes < SMALL_PAGE || self.chunk_bytes.load(Ordering::Relaxed) < LARGE_PAGE {
            return None;
        }
        let lines = bytes.div_ceil(size_of::<Line>());
        let part = self.reserve(lines, bytes)?;
        let first = UnsafeCell::raw_get(part.chunk.0[part.first..part.first + lines].as_ptr()).cast::<u8>();
        // SAFETY: the lines are there and hold at least so many bytes, zeros so far; no part has them but this one, which nobody reads
        // before the slice is gone.
        fill(unsafe { std::slice::from_raw_parts_mut(first, bytes) });
        Some(Arc::new(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_was_written_and_stay_apart() {
        let memory = PackedPages::new(3 * LARGE_PAGE);
        let bytes = |len: usize, seed: usize| (0..len).map(|at| (at * 31 + seed) as u8).collect::<Vec<u8>>();
        let lens = [SMALL_PAGE, SMALL_PAGE + 1, LARGE_PAGE, LARGE_PAGE + 63, 2 * LARGE_PAGE + 7, 5000, 4 * LARGE_PAGE];
        let part = |(seed, &len): (usize, &usize)| {
            let mut write = |target: &mut [u8]| {
                assert!(target.iter().all(|&byte| byte == 0), "{len} bytes");
                target.copy_from_slice(&bytes(len, seed));
            };
            memory.fill(len, &mut write).expect("room")
        };
        let parts: Vec<_> = lens.iter().enumerate().map(part).collect();
        drop(memory);
        for (seed, (part, &len)) in parts.iter().zip(&lens).enumerate() {
            assert!(part.bytes() == bytes(len, seed), "{len} bytes");
            assert_eq!(part.bytes().as_ptr().align_offset(align_of::<Line>()), 0);
        }
    }

    #[test]
    fn little_stays_where_it_is() {
        let mut never = |_: &mut [u8]| unreachable!();
        assert!(PackedPages::new(LARGE_PAGE).fill(SMALL_PAGE - 1, &mut never).is_none());
        assert!(PackedPages::new(LARGE_PAGE - 1).fill(SMALL_PAGE, &mut never).is_none());
    }

    #[test]
    fn zeros_of_every_size_begin_where_they_may_be_large() {
        let nearly = LARGE_PAGE - LARGE_PAGE / 16;
        for bytes in [0, 1, 64, 64 << 10, nearly - 1, nearly, LARGE_PAGE, LARGE_PAGE + 1, 3 * LARGE_PAGE + 4097] {
            let pages = Pages::<u8>::zeros(bytes).expect("little memory").populated();
            assert!(pages.len() == bytes && pages.iter().all(|&byte| byte == 0), "{bytes} bytes");
            let mapped = !matches!(pages.0, Memory::Heap(_));
            let aligned = pages.as_ptr().align_offset(LARGE_PAGE) == 0;
            assert!(!mapped || aligned || bytes < nearly, "{bytes} bytes");
            assert!(!mapped || bytes >= 64 << 10, "{bytes} bytes");
        }
        assert!(Pages::<u64>::zeros(usize::MAX / 8 + 1).is_err());
        assert!(Pages::<u8>::zeros(usize::MAX).is_err());
    }

    /// Bytes of a range that are in memory. Emulators of other CPUs ignore advice, so the tests that ask run where none is needed.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn resident(first: *const u8, range: std::ops::Range<usize>) -> usize {
        let is_there = |at: &usize| {
            let mut flag = 0u8;
            // SAFETY: it tells of one page, for which there is a byte.
            let told = unsafe { libc::mincore(first.wrapping_add(*at).cast_mut().cast(), SMALL_PAGE, &raw mut flag) };
            told == 0 && flag & 1 == 1
        };
        range.step_by(SMALL_PAGE).filter(is_there).count() * SMALL_PAGE
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn populated_pages_are_there_and_released_ones_are_not() {
        let bytes = 40 * SMALL_PAGE;
        let pages = Pages::<u8>::zeros(bytes).expect("little memory");
        assert_eq!(resident(pages.as_ptr(), 0..bytes), 0, "nothing has touched it");
        let pages = pages.populated();
        assert_eq!(resident(pages.as_ptr(), 0..bytes), bytes);
        pages.release_from(3 * SMALL_PAGE + 1);
        assert_eq!(resident(pages.as_ptr(), 0..bytes), 4 * SMALL_PAGE);
        pages.release_from(bytes);
        assert_eq!(resident(pages.as_ptr(), 0..bytes), 4 * SMALL_PAGE);
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn what_packed_weights_leave_of_a_chunk_is_given_back() {
        let memory = PackedPages::new(LARGE_PAGE);
        let part = memory.fill(5 * SMALL_PAGE, &mut |target| target.fill(7)).expect("room");
        let lines = Arc::clone(memory.chunk.lock().expect("nobody panicked").lines.as_ref().expect("a chunk"));
        let in_memory = || resident(lines.0.as_ptr().cast(), 0..size_of_val(&lines.0[..]));
        assert!(in_memory() >= 5 * SMALL_PAGE);
        drop(memory);
        assert_eq!(in_memory(), 5 * SMALL_PAGE);
        assert!(part.bytes().iter().all(|&byte| byte == 7));
    }
}
