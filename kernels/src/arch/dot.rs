//! Dot products of bytes: of four k in sixteen columns, and of four taps.

use super::multipliers::LANES;
use super::vector::Arch;

/// Dot products of four activations with four weights in sixteen columns at once.
pub(crate) trait Dot: Arch {
    /// Partial sums of sixteen columns.
    type Sums: Copy;
    /// Four weights for each of sixteen columns.
    type Weights: Copy;
    /// Four activations, repeated for every column.
    type Quad: Copy;

    /// Sums of nothing.
    fn zero(self) -> Self::Sums;

    /// Sums that begin with a value for each column.
    fn begin(self, values: Self::I32) -> Self::Sums;

    /// # Safety
    /// `source` is valid for reads of 64 bytes.
    unsafe fn load_weights(self, source: *const i8) -> Self::Weights;

    /// # Safety
    /// `source` is valid for reads of 4 bytes.
    unsafe fn load_quad(self, source: *const u8) -> Self::Quad;

    /// `sums[column] += Σ quad[i] * weights[column][i]`.
    ///
    /// Exact only for weights that the packer has proven safe for [`InstructionSet::ISA`].
    fn dot(self, sums: Self::Sums, quad: Self::Quad, weights: Self::Weights) -> Self::Sums;

    /// The sums, a lane for each column.
    fn lanes(self, sums: Self::Sums) -> Self::I32;
}

/// Bytes that [`Interleave`] takes from each tap.
pub(crate) const INTERLEAVED: usize = 64;

/// Scales and offsets of four vectors, and the clamp; see [`Interleave::store_scaled`].
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct FloatScale {
    pub(crate) scale: [[f32; LANES]; 4],
    pub(crate) offset: [[f32; LANES]; 4],
    pub(crate) min: [u8; INTERLEAVED],
    pub(crate) max: [u8; INTERLEAVED],
}

/// Four taps side by side for each of 64 channels, in four vectors of sixteen, so that a dot product
/// adds up taps where that of [`Dot`] adds up channels.
pub(crate) trait Interleave: Dot {
    /// Four taps of sixteen channels.
    type Taps: Copy;

    /// The channel of a lane of one of the four vectors.
    fn channel(part: usize, lane: usize) -> usize;

    /// # Safety
    /// Each tap is valid for reads of [`INTERLEAVED`] bytes.
    unsafe fn load_taps(self, taps: [*const u8; 4]) -> [Self::Taps; 4];

    /// `sums[lane] += Σ taps[lane][i] * weights[lane][i]`.
    fn dot_taps(self, sums: Self::Sums, taps: Self::Taps, weights: Self::Weights) -> Self::Sums;

    /// Sums that begin with `lanes`.
    fn sums(self, lanes: Self::I32) -> Self::Sums;

    /// Scales four vectors in floats, and stores the first `count` bytes in the order of channels:
    /// `scale · lane + offset`, rounded once to floats, without their fractions, clamped. All lanes have less than 24 bits
    /// and their results less than 31.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` bytes; `count <= INTERLEAVED`.
    unsafe fn store_scaled(self, target: *mut u8, parts: [Self::I32; 4], by: &FloatScale, count: usize);

    /// Narrows four vectors, all within the storage type's range, to bytes in the order of channels, and
    /// stores the first `count`.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` bytes; `count <= INTERLEAVED`.
    unsafe fn store_parts(self, target: *mut u8, parts: [Self::I32; 4], count: usize);
}
