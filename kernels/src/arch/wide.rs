//! Vocabulary of element-wise kernels: whole registers of bytes, averages, weighed sums, products.

use super::vector::Arch;

/// How sums in 16-bit lanes become averages; see [`Wide::divide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Divide {
    /// Added first, to bring sums of signed bytes to those of the same bytes moved up by 128;
    /// 0 where storage is unsigned.
    pub(crate) lift: u16,
    /// Sums below this one round their ties down; 0 where there are no ties or none that do.
    pub(crate) ties_down_below: u16,
    /// Added before the division.
    pub(crate) round: u16,
    /// The reciprocal, in units of `2^-(16 + shift)`.
    pub(crate) reciprocal: u16,
    /// Bits shifted out after the high product.
    pub(crate) shift: u16,
    /// The reciprocal in units of `2^-15` where the rounding product with a sum of unsigned bytes, at most
    /// `2^15`, is the average; 0 where it is not.
    pub(crate) nearest: i16,
    /// The same for a sum of signed bytes, before the lift; 0 where it is not.
    pub(crate) signed: i16,
    /// Whether sums below 0 are first made one less for that, so that their ties go down.
    pub(crate) away: bool,
}

/// Whole registers of stored bytes, and their sums in 16-bit lanes.
pub(crate) trait Wide: Arch {
    /// A register of stored bytes.
    type Bytes: Copy;
    /// A 16-bit sum for each byte, in an order and form of the instruction set's own.
    type Words: Copy;
    /// A division, as [`Wide::divide`] wants it.
    type Divider: Copy;
    /// Bytes in a register, at most [`crate::memory::SLACK`].
    const WIDTH: usize;

    /// # Safety
    /// `source` is valid for reads of [`Wide::WIDTH`] bytes.
    unsafe fn load_wide(self, source: *const u8) -> Self::Bytes;

    /// Stores the first `count` bytes.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` bytes; `count <= WIDTH`.
    unsafe fn store_wide(self, target: *mut u8, bytes: Self::Bytes, count: usize);

    /// The same stored byte everywhere.
    fn splat_wide(self, byte: u8) -> Self::Bytes;
    /// The greater of each pair, in the storage type's order.
    fn max_wide(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// The lesser of each pair, in the storage type's order.
    fn min_wide(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;

    /// Sums of nothing.
    fn no_words(self) -> Self::Words;
    /// `sums + bytes`, modulo `2^16`.
    fn add_bytes(self, sums: Self::Words, bytes: Self::Bytes) -> Self::Words;
    /// `a + b`, modulo `2^16`.
    fn add_words(self, a: Self::Words, b: Self::Words) -> Self::Words;

    /// Brings a division into the form of [`Wide::divide`].
    fn prepare_divide(self, by: &Divide) -> Self::Divider;

    /// The stored bytes of averages, all modulo `2^16` and unsigned:
    /// `lifted = sum + lift`, then
    /// `(lifted + round - (lifted < ties_down_below)) * reciprocal >> (16 + shift)`.
    ///
    /// The quotients are unsigned bytes; storage of signed bytes takes 128 off again.
    fn divide(self, sums: Self::Words, by: Self::Divider) -> Self::Bytes;

    /// The same averages where [`Divide::nearest`] is not 0: `(lifted * nearest + 2^14) >> 15`.
    #[inline(always)]
    fn divide_nearest(self, sums: Self::Words, by: Self::Divider) -> Self::Bytes {
        self.divide(sums, by)
    }
}

/// Two stored bytes weighed and added; see [`FusedAdd::fused_add`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FusedAddScale {
    /// Weights, in units of `2^-shift`.
    pub(crate) high: [i16; 2],
    /// What the weights have more, in units of `2^-(shift + 16)`.
    pub(crate) low: [i16; 2],
    /// Added at that precision, of at most about `2^30`, so that nothing wraps.
    pub(crate) round: i32,
    /// Bits behind the point, 0 to 15.
    pub(crate) shift: u32,
    /// Added last.
    pub(crate) offset: i16,
}

/// Weighed sums of two registers of stored bytes.
pub(crate) trait FusedAdd: Wide {
    /// The numbers, as [`FusedAdd::fused_add`] wants them.
    type Weights: Copy;

    /// Brings numbers into the form of [`FusedAdd::fused_add`].
    fn prepare_fused_add(self, by: &FusedAddScale) -> Self::Weights;

    /// `((high·x + ((low·x + round) >> 16)) >> shift) + offset` of each pair `x` of bytes, where shifts
    /// are floors, the sum before the offset is cut to 16 bits and the result to a stored byte.
    fn fused_add(self, a: Self::Bytes, b: Self::Bytes, by: Self::Weights) -> Self::Bytes;
}

/// Stored bytes that meet in pairs, or add up.
pub(crate) trait Elements: Arch {
    /// `(a - zeros[0]) · (b - zeros[1])` of sixteen stored bytes each; zeros are within nine bits and their sign, the
    /// same in all lanes.
    ///
    /// # Safety
    /// Each source is valid for reads of 16 bytes.
    #[inline(always)]
    unsafe fn load_products(self, sources: [*const u8; 2], zeros: [Self::I32; 2]) -> Self::I32 {
        // (a - z1)·(b - z2) = a·(b - z2) - z1·(b - z2): the first factor is a stored byte.
        // SAFETY: the caller vouches for sixteen bytes.
        let (a, b) = unsafe { (self.load_bytes(sources[0]), self.load_bytes(sources[1])) };
        let (none, factor) = (self.splat(0), self.sub(b, zeros[1]));
        self.sub(self.mul_add_i16(none, a, factor), self.mul_add_i16(none, zeros[0], factor))
    }

    /// `sum` and sixteen stored bytes of each of `pixels` pixels, which are `stride` bytes apart.
    ///
    /// # Safety
    /// Sixteen bytes are readable at every pixel.
    #[inline(always)]
    unsafe fn add_pixels(self, sum: Self::I32, source: *const u8, stride: usize, pixels: usize) -> Self::I32 {
        // Two accumulators hide the latency of the addition.
        let mut sums = [sum, self.splat(0)];
        let mut source = source;
        for _ in 0..pixels / 2 {
            // SAFETY: the caller vouches for sixteen bytes at every pixel.
            let (one, other) = unsafe { (self.load_bytes(source), self.load_bytes(source.wrapping_add(stride))) };
            sums = [self.add(sums[0], one), self.add(sums[1], other)];
            source = source.wrapping_add(2 * stride);
        }
        if pixels % 2 == 1 {
            // SAFETY: as above, for the last one.
            sums[0] = self.add(sums[0], unsafe { self.load_bytes(source) });
        }
        self.add(sums[0], sums[1])
    }
}
