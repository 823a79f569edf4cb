//! Memory of inputs and outputs that callers write and read through pointers.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use ottava::INPUT_PADDING;

/// Alignment that the API promises for tensors.
pub(crate) const ALIGNMENT: usize = 64;

/// Zeroed bytes of a tensor at an address that stays, with what kernels may read beyond.
#[derive(Debug)]
pub(crate) struct TensorMemory {
    start: NonNull<u8>,
    layout: Layout,
    size: usize,
}

impl TensorMemory {
    /// Memory for `size` bytes; `None` where there is not so much.
    pub(crate) fn new(size: usize) -> Option<Self> {
        let layout = Layout::from_size_align(size.checked_add(INPUT_PADDING)?, ALIGNMENT).ok()?;
        // SAFETY: the padding makes it more than 0 bytes.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        Some(Self { start, layout, size })
    }

    /// Bytes of the tensor.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The first of them; there are [`INPUT_PADDING`] more behind the last.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

// SAFETY: it owns its memory as a box does.
unsafe impl Send for TensorMemory {}

impl Drop for TensorMemory {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}
