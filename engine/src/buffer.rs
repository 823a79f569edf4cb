//! Owned bytes, aligned and zeroed.

use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_slice_box;

use crate::error::{Error, ErrorKind, Result};

/// So many zeros.
///
/// # Errors
/// When there is no memory for them.
pub(crate) fn zeros<T: Zeroable>(count: usize) -> Result<Box<[T]>> {
    try_zeroed_slice_box(count).map_err(|()| {
        let bytes = count.saturating_mul(size_of::<T>());
        Error::new(ErrorKind::Io, format!("there is no memory for {bytes} bytes"))
    })
}

/// Zeroed bytes at an address that any element type may have.
#[derive(Default)]
pub(crate) struct AlignedBytes {
    words: Box<[u64]>,
    size_bytes: usize,
}

impl AlignedBytes {
    /// `size_bytes` bytes, all 0.
    ///
    /// # Errors
    /// As [`zeros`].
    pub(crate) fn new(size_bytes: usize) -> Result<Self> {
        Ok(Self { words: zeros(size_bytes.div_ceil(8))?, size_bytes })
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.size_bytes]
    }

    /// The bytes, to be changed.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.size_bytes]
    }
}
