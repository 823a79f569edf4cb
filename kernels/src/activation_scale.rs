//! How float32 activations became stored bytes in a run: what the quantization writes and the convolution reads.

/// Scale and zero point of a row: `real = scale · (stored - zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ActivationScale {
    /// NaN for rows of a matrix that is nothing but zeros.
    pub(crate) scale: f32,
    /// Stored.
    pub(crate) zero: i32,
}

impl ActivationScale {
    /// Bytes in memory.
    pub(crate) const BYTES: usize = 8;

    /// As bytes.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let (scale, zero) = (u64::from(self.scale.to_bits()), u64::from(self.zero.cast_unsigned()));
        (zero << u32::BITS | scale).to_le_bytes()
    }

    /// From [`ActivationScale::to_bytes`].
    #[inline(always)]
    pub(crate) fn of_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let word = u64::from_le_bytes(bytes);
        Self { scale: f32::from_bits(word as u32), zero: (word >> u32::BITS) as i32 }
    }
}
