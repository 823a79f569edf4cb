//! Vectors of 16-bit lanes that begin as stored bytes, and the 32-bit operations that go with them.

use super::pairs16::Pairs16;

/// Sixteen-bit lanes of neighbouring channels. All arithmetic wraps.
pub(crate) trait Lanes16: Pairs16 {
    /// A vector of 16-bit lanes.
    type I16: Copy;
    /// Lanes of a vector; at most 32, and a power of two.
    const WIDTH16: usize;

    /// The same value in every lane.
    fn splat16(self, value: i16) -> Self::I16;

    /// Widens stored activations to lanes.
    ///
    /// # Safety
    /// `source` is valid for reads of [`Lanes16::WIDTH16`] bytes.
    unsafe fn load_bytes16(self, source: *const u8) -> Self::I16;

    /// # Safety
    /// `target` is valid for writes of [`Lanes16::WIDTH16`] values; any alignment.
    unsafe fn store16(self, target: *mut i16, values: Self::I16);

    /// `a + b`.
    fn add16(self, a: Self::I16, b: Self::I16) -> Self::I16;
    /// `a - b`.
    fn sub16(self, a: Self::I16, b: Self::I16) -> Self::I16;
    /// `a << BITS`.
    fn shift_left16<const BITS: u32>(self, a: Self::I16) -> Self::I16;

    /// `a * b` of 32-bit lanes.
    fn mul(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// `a >> BITS` of 32-bit lanes, arithmetic.
    fn shift_right<const BITS: u32>(self, a: Self::I32) -> Self::I32;
}
