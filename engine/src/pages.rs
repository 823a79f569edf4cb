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

/// Zeroed elements.
pub(crate) struct Pages<T>(Memory<T>);

enum Memory<T> {
    /// Less than a large page, or none can be had.
    Heap(Box<[T]>),
    /// From an address of a large page on.
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
        const { assert!(align_of::<T>() <= LARGE_PAGE && !needs_drop::<T>()) };
        match Self::mapped(count) {
            Some(mapped) => Ok(Self(mapped)),
            None => Ok(Self(Memory::Heap(zeros(count)?))),
        }
    }

    /// A mapping of so many zeros, whose whole large pages are to be such. The rest, less than one of them, stays on small pages:
    /// it would take the memory of a whole one.
    #[cfg(target_os = "linux")]
    fn mapped(count: usize) -> Option<Memory<T>> {
        let bytes = count.checked_mul(size_of::<T>())?;
        if bytes < LARGE_PAGE {
            return None;
        }
        // Wherever the mapping begins, there is a border in its first large page. What is never touched takes no memory.
        let map = MmapRaw::from(MmapOptions::new().len(bytes.checked_add(LARGE_PAGE)?).map_anon().ok()?);
        let first = map.as_ptr().align_offset(LARGE_PAGE);
        map.advise_range(memmap2::Advice::HugePage, first, bytes / LARGE_PAGE * LARGE_PAGE).ok()?;
        Some(Memory::Mapped { map, first, len: count, elements: PhantomData })
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
            // The first chunk holds about all of them; what is packed beyond that comes in large pages of its own.
            let chunk_lines = self.chunk_bytes.swap(LARGE_PAGE, Ordering::Relaxed).div_ceil(size_of::<Line>());
            *chunk = Chunk { lines: Some(Arc::new(Lines(Pages::zeros(chunk_lines.max(lines)).ok()?))), used: 0 };
        }
        let part = Part { chunk: Arc::clone(chunk.lines.as_ref()?), first: chunk.used, bytes };
        chunk.used += lines;
        Some(part)
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
        for bytes in [0, 1, 64, LARGE_PAGE - 1, LARGE_PAGE, LARGE_PAGE + 1, 3 * LARGE_PAGE + 4097] {
            let pages = Pages::<u8>::zeros(bytes).expect("little memory");
            assert!(pages.len() == bytes && pages.iter().all(|&byte| byte == 0), "{bytes} bytes");
            let mapped = !matches!(pages.0, Memory::Heap(_));
            assert!(!mapped || pages.as_ptr().align_offset(LARGE_PAGE) == 0, "{bytes} bytes");
            assert!(!mapped || bytes >= LARGE_PAGE, "{bytes} bytes");
        }
        assert!(Pages::<u64>::zeros(usize::MAX / 8 + 1).is_err());
        assert!(Pages::<u8>::zeros(usize::MAX).is_err());
    }
}
