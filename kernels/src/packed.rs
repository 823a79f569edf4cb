//! Memory of packed weights: made when a layer is prepared, or found where it was packed before.
//!
//! A layer asks a [`Packing`] for each of its buffers, in an order of its own. A fresh packing makes them; one of stored buffers
//! hands out the next, if it has the layout and the length that the kernel expects. Either way it notes what was handed out, so
//! that it can be stored. Bytes of a stored buffer may be any: a kernel must not compute an address with one before it has
//! checked it.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, Range};

use bytemuck::Pod;
use bytemuck::allocation::zeroed_vec;

/// How the elements of a buffer lie: a name, and a version that changes whenever other bytes come out for the same weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackedLayout {
    /// Family and part; at most [`PackedLayout::LONGEST_NAME`] bytes of ASCII.
    pub name: &'static str,
    /// Counted from 1.
    pub version: u32,
}

impl PackedLayout {
    /// Bytes of the longest name.
    pub const LONGEST_NAME: usize = 24;

    /// A layout.
    ///
    /// # Panics
    /// The name is too long.
    pub(crate) const fn new(name: &'static str, version: u32) -> Self {
        assert!(name.len() <= Self::LONGEST_NAME && name.is_ascii());
        Self { name, version }
    }
}

/// Bytes that stay where they are.
///
/// # Safety
/// [`StableBytes::bytes`] returns the same memory, initialized and not written, for as long as the value lives, wherever the value
/// is moved to.
pub unsafe trait StableBytes: Send + Sync + 'static {
    /// The bytes.
    fn bytes(&self) -> &[u8];
}

/// Where buffers are to lie that are packed, other than in the allocator's memory.
pub trait PackedMemory: fmt::Debug + Send + Sync {
    /// So many bytes at an address that any element may have, which `fill` finds zeroed and writes. `None` where they are better in
    /// the allocator's memory; then `fill` was not called.
    fn fill(&self, bytes: usize, fill: &mut dyn FnMut(&mut [u8])) -> Option<Arc<dyn StableBytes>>;
}

/// Elements that were packed here.
struct Owned<T>(Vec<T>);

// SAFETY: nobody changes the vector, whose elements lie on the heap.
unsafe impl<T: Pod + Send + Sync> StableBytes for Owned<T> {
    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

/// Packed elements, in memory of their own or in a part of something larger, such as a mapped file. Clones share them.
#[derive(Clone)]
pub struct PackedSlice<T> {
    first: *const T,
    len: usize,
    owner: Arc<dyn StableBytes>,
    elements: PhantomData<T>,
}

// SAFETY: the elements are only read, and their owner may be shared between threads.
unsafe impl<T: Sync> Send for PackedSlice<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for PackedSlice<T> {}

impl<T: Pod + Send + Sync> PackedSlice<T> {
    /// Elements in memory of their own.
    pub fn new(elements: Vec<T>) -> Self {
        let len = elements.len();
        let owner = Arc::new(Owned(elements));
        Self { first: owner.0.as_ptr(), len, owner, elements: PhantomData }
    }

    /// A part of `owner`; `None` where it lies outside or holds no whole elements. Bytes at an address that the elements may not
    /// have are copied.
    pub fn part(owner: &Arc<dyn StableBytes>, range: Range<usize>) -> Option<Self> {
        Self::of_bytes(owner, owner.bytes().get(range)?)
    }

    /// Bytes of `owner` as elements.
    fn of_bytes(owner: &Arc<dyn StableBytes>, bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(size_of::<T>()) {
            return None;
        }
        Some(match bytemuck::try_cast_slice::<u8, T>(bytes) {
            Ok(elements) => {
                let (first, len) = (elements.as_ptr(), elements.len());
                Self { first, len, owner: Arc::clone(owner), elements: PhantomData }
            }
            Err(_) => Self::new(bytemuck::pod_collect_to_vec(bytes)),
        })
    }

    /// The same memory as bytes.
    pub fn to_bytes(&self) -> PackedSlice<u8> {
        let (first, len) = (self.first.cast(), size_of_val(&self[..]));
        PackedSlice { first, len, owner: Arc::clone(&self.owner), elements: PhantomData }
    }
}

impl<T> Deref for PackedSlice<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: the elements are initialized, aligned and not written for as long as the owner lives, which lives as long as
        // `self` does.
        unsafe { core::slice::from_raw_parts(self.first, self.len) }
    }
}

impl<T: fmt::Debug> fmt::Debug for PackedSlice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A buffer that was handed out.
#[derive(Clone, Debug)]
pub struct PackedBuffer {
    /// How its elements lie.
    pub layout: PackedLayout,
    /// The elements.
    pub bytes: PackedSlice<u8>,
}

/// A buffer that was packed before.
#[derive(Clone, Debug)]
pub struct StoredBuffer {
    /// Name of its layout.
    pub name: String,
    /// Version of its layout.
    pub version: u32,
    /// The elements; any bytes.
    pub bytes: PackedSlice<u8>,
}

/// Why stored buffers are not those of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(String);

impl Unfit {
    /// A buffer that holds what it cannot.
    pub(crate) fn new(layout: &PackedLayout, what: &str) -> Self {
        Self(format!("packed '{}' {what}", layout.name))
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for Unfit {}

/// Hands out the buffers of a layer.
#[derive(Debug, Default)]
pub struct Packing {
    /// Those that were packed before and are left; `None` where buffers are made.
    stored: Option<vec::IntoIter<StoredBuffer>>,
    /// Where those that are made go.
    memory: Option<Arc<dyn PackedMemory>>,
    /// Whether those that are made are only to be as long as packed ones.
    measures: bool,
    handed_out: Vec<PackedBuffer>,
    scratch: Scratch,
}

/// Memory that packing one layer needs and the next can use again. It begins empty.
#[derive(Debug, Default)]
pub struct Scratch(Option<Box<dyn Any + Send>>);

impl Packing {
    /// Makes every buffer, in the allocator's memory.
    pub fn fresh() -> Self {
        Self::default()
    }

    /// Makes every buffer, in some other memory where that takes them.
    pub fn fresh_in(memory: Arc<dyn PackedMemory>) -> Self {
        Self { memory: Some(memory), ..Self::default() }
    }

    /// Hands out what was packed before.
    pub fn stored(buffers: Vec<StoredBuffer>) -> Self {
        Self { stored: Some(buffers.into_iter()), ..Self::default() }
    }

    /// The same with memory that an earlier packing has left.
    pub fn with_scratch(self, scratch: Scratch) -> Self {
        Self { scratch, ..self }
    }

    /// The memory that the next packing can use.
    pub fn take_scratch(&mut self) -> Scratch {
        mem::take(&mut self.scratch)
    }

    /// What a layer of the same kind kept, or a new one.
    pub fn scratch<T: Any + Default>(&mut self) -> Box<T> {
        self.scratch.0.take().and_then(|kept| (kept as Box<dyn Any>).downcast().ok()).unwrap_or_default()
    }

    /// Keeps what the next layer may use.
    pub fn keep_scratch<T: Any + Send>(&mut self, scratch: Box<T>) {
        self.scratch.0 = Some(scratch);
    }

    /// Makes every buffer as long as if weights were packed, of zeros that nothing has touched yet. Layers that are prepared so tell what
    /// memory they would take, and must not run.
    pub fn measuring() -> Self {
        Self { measures: true, ..Self::default() }
    }

    /// Whether weights need not be packed, because only lengths are wanted.
    #[cfg(any(target_arch = "x86_64", test))]
    pub(crate) fn is_measuring(&self) -> bool {
        self.measures
    }

    /// Whether weights were packed before. Then the weights of a specification may be missing.
    pub fn is_stored(&self) -> bool {
        self.stored.is_some()
    }

    /// Whether the next stored buffer is called like a layout.
    pub(crate) fn comes_next(&self, layout: &PackedLayout) -> bool {
        let next = self.stored.as_ref().and_then(|stored| stored.as_slice().first());
        next.is_some_and(|buffer| buffer.name == layout.name)
    }

    /// The next buffer, which `make` makes where it was not packed before.
    ///
    /// # Errors
    /// The stored one has another layout.
    pub(crate) fn buffer<T: Pod + Send + Sync>(
        &mut self,
        layout: &PackedLayout,
        make: impl FnOnce() -> Vec<T>,
    ) -> Result<PackedSlice<T>, Unfit> {
        self.next_buffer(layout, |packing| {
            let elements = make();
            let copy = |target: &mut [T]| target.copy_from_slice(&elements);
            packing.filled(elements.len(), copy).ok().unwrap_or_else(|| PackedSlice::new(elements))
        })
    }

    /// As [`Packing::buffer`], a copy of `elements` where it was not packed before; of `len` elements.
    ///
    /// # Errors
    /// The stored one has another layout or length.
    #[cfg(any(target_arch = "x86_64", test))]
    pub(crate) fn buffer_copied<T: Pod + Send + Sync>(
        &mut self,
        layout: &PackedLayout,
        elements: &[T],
        len: usize,
    ) -> Result<PackedSlice<T>, Unfit> {
        let buffer = self.next_buffer(layout, |packing| {
            let copy = |target: &mut [T]| target.copy_from_slice(elements);
            packing.filled(elements.len(), copy).unwrap_or_else(|_| PackedSlice::new(elements.to_vec()))
        })?;
        Self::check_len(layout, len, buffer)
    }

    /// As [`Packing::buffer`], of `len` elements, which `fill` finds zeroed and writes where they are to lie.
    ///
    /// # Errors
    /// The stored one has another layout or length.
    pub(crate) fn buffer_in_place<T: Pod + Send + Sync>(
        &mut self,
        layout: &PackedLayout,
        len: usize,
        fill: impl FnOnce(&mut [T]),
    ) -> Result<PackedSlice<T>, Unfit> {
        let buffer = self.next_buffer(layout, |packing| {
            if packing.measures {
                return PackedSlice::new(zeroed_vec(len));
            }
            packing.filled(len, fill).unwrap_or_else(|fill| {
                let mut elements = vec![T::zeroed(); len];
                fill(&mut elements);
                PackedSlice::new(elements)
            })
        })?;
        Self::check_len(layout, len, buffer)
    }

    /// The next stored buffer, or the one that `make` makes.
    fn next_buffer<T: Pod + Send + Sync>(
        &mut self,
        layout: &PackedLayout,
        make: impl FnOnce(&Self) -> PackedSlice<T>,
    ) -> Result<PackedSlice<T>, Unfit> {
        let buffer = match &mut self.stored {
            None => make(self),
            Some(stored) => {
                let next = stored.next().ok_or_else(|| Unfit::new(layout, "is missing"))?;
                if next.name != layout.name || next.version != layout.version {
                    let wanted =
                        format!("has version {}, and there is '{}' {}", layout.version, next.name, next.version);
                    return Err(Unfit::new(layout, &wanted));
                }
                PackedSlice::of_bytes(&next.bytes.owner, &next.bytes)
                    .ok_or_else(|| Unfit::new(layout, "holds no whole elements"))?
            }
        };
        self.handed_out.push(PackedBuffer { layout: *layout, bytes: buffer.to_bytes() });
        Ok(buffer)
    }

    /// Elements that `fill` writes in the memory that there is for them; without such memory `fill` is given back.
    fn filled<T: Pod + Send + Sync, F: FnOnce(&mut [T])>(&self, len: usize, fill: F) -> Result<PackedSlice<T>, F> {
        let Some(memory) = &self.memory else { return Err(fill) };
        let mut fill = Some(fill);
        let owner = memory.fill(len * size_of::<T>(), &mut |bytes| {
            if let Some(fill) = fill.take() {
                fill(bytemuck::cast_slice_mut(bytes));
            }
        });
        match (owner, fill) {
            (None, Some(fill)) => Err(fill),
            (Some(owner), None) => {
                Ok(PackedSlice::of_bytes(&owner, owner.bytes()).expect("bytes that were elements before"))
            }
            _ => unreachable!("memory is filled, or there is none"),
        }
    }

    /// As [`Packing::buffer`], of `len` elements.
    ///
    /// # Errors
    /// The stored one has another layout or length.
    pub(crate) fn buffer_of<T: Pod + Send + Sync>(
        &mut self,
        layout: &PackedLayout,
        len: usize,
        make: impl FnOnce() -> Vec<T>,
    ) -> Result<PackedSlice<T>, Unfit> {
        if self.measures {
            return self.buffer(layout, || zeroed_vec(len));
        }
        let buffer = self.buffer(layout, make)?;
        Self::check_len(layout, len, buffer)
    }

    fn check_len<T: Pod + Send + Sync>(
        layout: &PackedLayout,
        len: usize,
        buffer: PackedSlice<T>,
    ) -> Result<PackedSlice<T>, Unfit> {
        if buffer.len() != len {
            return Err(Unfit::new(layout, &format!("has {} elements, {len} are needed", buffer.len())));
        }
        Ok(buffer)
    }

    /// All that was handed out, in order.
    ///
    /// # Errors
    /// Stored buffers are left that no layer asked for.
    pub fn finish(self) -> Result<Vec<PackedBuffer>, Unfit> {
        match self.stored.map_or(0, |stored| stored.len()) {
            0 => Ok(self.handed_out),
            left => Err(Unfit(format!("{left} packed buffers are left over"))),
        }
    }
}

/// What a fresh packing gives, which cannot fail.
pub(crate) fn made<T>(result: Result<T, Unfit>) -> T {
    result.unwrap_or_else(|unfit| panic!("{unfit}, though nothing was stored"))
}

#[cfg(test)]
mod tests;
