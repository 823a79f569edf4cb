//! Zeroed memory that is on large pages where the system has them.
//!
//! An inference reads the packed weights and writes the arena from end to end. On pages of 4 KiB each of their six
//! thousand pages is a miss of the translation buffers, and the hardware's prefetching ends at each of their borders.
#![expect(unsafe_code, reason = "a mapping is memory without a type")]

use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::Deref;

use bytemuck::Zeroable;
use memmap2::{MmapOptions, MmapRaw};

use crate::buffer::zeros;
use crate::error::Result;

/// Bytes of a large page: those of x86-64, and of ARM with base pages of 4 KiB.
const LARGE_PAGE: usize = 2 << 20;

/// Zeroed elements.
pub(crate) struct Pages<T>(Memory<T>);

enum Memory<T> {
    /// Less than a large page, or none can be had.
    Heap(Box<[T]>),
    /// From an address of a large page on.
    Mapped { map: MmapRaw, first: usize, len: usize, elements: PhantomData<Box<[T]>> },
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
            Memory::Mapped { map, first, len, .. } => {
                // SAFETY: the mapping holds `len` elements from `first` on, whose address is a multiple of the alignment; its zeros
                // are elements (`Zeroable`), and it is reached through this value alone.
                unsafe { std::slice::from_raw_parts(map.as_ptr().add(*first).cast(), *len) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_of_every_size_begin_where_they_may_be_large() {
        for bytes in [0, 1, 64, LARGE_PAGE - 1, LARGE_PAGE, LARGE_PAGE + 1, 3 * LARGE_PAGE + 4097] {
            let pages = Pages::<u8>::zeros(bytes).expect("little memory");
            assert!(pages.len() == bytes && pages.iter().all(|&byte| byte == 0), "{bytes} bytes");
            let mapped = matches!(pages.0, Memory::Mapped { .. });
            assert!(!mapped || pages.as_ptr().align_offset(LARGE_PAGE) == 0, "{bytes} bytes");
            assert!(!mapped || bytes >= LARGE_PAGE, "{bytes} bytes");
        }
        assert!(Pages::<u64>::zeros(usize::MAX / 8 + 1).is_err());
        assert!(Pages::<u8>::zeros(usize::MAX).is_err());
    }
}
