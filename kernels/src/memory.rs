//! Memory that kernels read and write: views shared by concurrent tasks, and aligned storage.

use core::marker::PhantomData;

/// Bytes past the last activation that a kernel may read (never write), so that vector loads need
/// no tail. Whatever they hold does not change results.
pub const SLACK: usize = 64;

/// A read-only view of activations that other tasks may be writing elsewhere.
///
/// A plain slice would promise that no byte of it changes; a tensor that lives in a channel range
/// of a concatenation shares its lines with tensors still being written, so kernels take a pointer
/// with a length instead and read only their own bytes (and [`SLACK`]).
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pointer: *const u8,
    len: usize,
    lifetime: PhantomData<&'a [u8]>,
}

/// A view of output activations that concurrent tasks write disjointly.
#[derive(Clone, Copy)]
pub struct Output<'a> {
    pointer: *mut u8,
    len: usize,
    lifetime: PhantomData<&'a mut [u8]>,
}

// SAFETY: a view is a pointer and a length; every dereference is in an unsafe function whose
// caller vouches that tasks touch disjoint bytes.
unsafe impl Send for Input<'_> {}
// SAFETY: as for Send.
unsafe impl Sync for Input<'_> {}
// SAFETY: as for `Input`.
unsafe impl Send for Output<'_> {}
// SAFETY: as for `Input`.
unsafe impl Sync for Output<'_> {}

impl<'a> Input<'a> {
    /// A view of `len` bytes at `pointer`.
    ///
    /// # Safety
    /// The bytes are allocated and initialized for `'a`; those that a kernel's operator reads are
    /// not written meanwhile.
    pub unsafe fn from_raw(pointer: *const u8, len: usize) -> Self {
        Self { pointer, len, lifetime: PhantomData }
    }

    /// The first byte.
    pub fn as_ptr(self) -> *const u8 {
        self.pointer
    }

    /// Bytes in the view, slack included.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether the view has no bytes.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { pointer: bytes.as_ptr(), len: bytes.len(), lifetime: PhantomData }
    }
}

impl<'a> Output<'a> {
    /// A view of `len` bytes at `pointer`.
    ///
    /// # Safety
    /// The bytes are allocated and initialized for `'a` and nobody else reads or writes those that the kernel's
    /// operator writes.
    pub unsafe fn from_raw(pointer: *mut u8, len: usize) -> Self {
        Self { pointer, len, lifetime: PhantomData }
    }

    /// The first byte.
    pub fn as_ptr(self) -> *mut u8 {
        self.pointer
    }

    /// Bytes in the view.
    pub fn len(self) -> usize {
        self.len
    }

    /// Whether the view has no bytes.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<'a> From<&'a mut [u8]> for Output<'a> {
    fn from(bytes: &'a mut [u8]) -> Self {
        Self { pointer: bytes.as_mut_ptr(), len: bytes.len(), lifetime: PhantomData }
    }
}

/// One aligned cache line: of packed weights sixteen columns of four, of a workspace any 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub(crate) [i8; 64]);

impl Line {
    /// All bytes 0.
    pub const ZERO: Self = Self([0; 64]);
}

/// Memory that one thread has to itself for the time of a task, in aligned cache lines.
pub struct Workspace<'a>(&'a mut [Line]);

impl<'a> Workspace<'a> {
    /// The lines as a workspace.
    pub fn new(lines: &'a mut [Line]) -> Self {
        Self(lines)
    }

    /// The first `count` lines.
    ///
    /// # Panics
    /// There are fewer.
    pub fn lines(self, count: usize) -> &'a mut [Line] {
        assert!(count <= self.0.len(), "a workspace of {} lines, {count} are needed", self.0.len());
        &mut self.0[..count]
    }
}

impl<'a> Input<'a> {
    /// `len` bytes from `offset` on.
    ///
    /// # Safety
    /// They lie inside the view, and nobody writes them while the slice lives.
    pub(crate) unsafe fn run(self, offset: usize, len: usize) -> &'a [u8] {
        debug_assert!(offset + len <= self.len || len == 0);
        // SAFETY: the caller vouches for the bytes.
        unsafe { core::slice::from_raw_parts(self.pointer.wrapping_add(offset), len) }
    }
}

impl<'a> Output<'a> {
    /// `len` bytes from `offset` on.
    ///
    /// # Safety
    /// They lie inside the view, are initialized, and nobody else reads or writes them while the
    /// slice lives.
    pub(crate) unsafe fn run(self, offset: usize, len: usize) -> &'a mut [u8] {
        debug_assert!(offset + len <= self.len || len == 0);
        // SAFETY: the caller vouches for the bytes.
        unsafe { core::slice::from_raw_parts_mut(self.pointer.wrapping_add(offset), len) }
    }
}
