//! Owned bytes aligned for every element type.

/// Zeroed bytes at an address that any element type may have.
#[derive(Clone, Default)]
pub(crate) struct AlignedBytes {
    words: Vec<u64>,
    size_bytes: usize,
}

impl AlignedBytes {
    /// `size_bytes` bytes, all 0.
    pub(crate) fn new(size_bytes: usize) -> Self {
        Self { words: vec![0; size_bytes.div_ceil(8)], size_bytes }
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
