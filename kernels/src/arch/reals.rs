//! Vectors of float32.

use super::instruction_set::InstructionSet;

/// A register of float32 lanes.
///
/// Arithmetic rounds once, to the nearest number, ties to even, and flushes nothing to zero. A result that is no number is any
/// quiet NaN: which one depends on the instruction, so [`Reals::one_nan_f32`] comes before it is stored.
pub(crate) trait Reals: InstructionSet {
    /// The lanes.
    type F32: Copy;
    /// What is true of some lanes.
    type Mask32: Copy;
    /// Lanes of a register, a power of two; at most 16.
    const WIDTH32: usize;

    /// The same value in every lane.
    fn splat_f32(self, value: f32) -> Self::F32;

    /// # Safety
    /// `source` is valid for reads of [`Reals::WIDTH32`] values; any alignment.
    unsafe fn load_f32(self, source: *const f32) -> Self::F32;

    /// # Safety
    /// `target` is valid for writes of [`Reals::WIDTH32`] values; any alignment.
    unsafe fn store_f32(self, target: *mut f32, values: Self::F32);

    /// Stores the first `count` lanes.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` values; any alignment; `count <= WIDTH32`.
    unsafe fn store_first_f32(self, target: *mut f32, values: Self::F32, count: usize);

    /// `a + b`.
    fn add_f32(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a - b`.
    fn sub_f32(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a · b`.
    fn mul_f32(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a / b`.
    fn div_f32(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `sum + a · b`, rounded once.
    fn mul_add_f32(self, sum: Self::F32, a: Self::F32, b: Self::F32) -> Self::F32;

    /// `a` where it is less than `b`, else `b`: `b` where either is NaN, and of zeros.
    fn min_f32(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a` where it is greater than `b`, else `b`: `b` where either is NaN, and of zeros.
    fn max_f32(self, a: Self::F32, b: Self::F32) -> Self::F32;

    /// Whether `a <= b`; never of NaN.
    fn at_most_f32(self, a: Self::F32, b: Self::F32) -> Self::Mask32;
    /// Whether `a == b`; never of NaN.
    fn equal_f32(self, a: Self::F32, b: Self::F32) -> Self::Mask32;
    /// The bits of `yes` where the mask is true, else those of `no`.
    fn select_f32(self, mask: Self::Mask32, yes: Self::F32, no: Self::F32) -> Self::F32;

    /// The same numbers, and [`f32::NAN`] for every NaN.
    #[inline(always)]
    fn one_nan_f32(self, a: Self::F32) -> Self::F32 {
        self.select_f32(self.equal_f32(a, a), a, self.splat_f32(f32::NAN))
    }

    /// `min(max(a, low), high)` of two numbers `[low, high]`; NaN stays as it is.
    #[inline(always)]
    fn clamp_f32(self, a: Self::F32, [low, high]: [Self::F32; 2]) -> Self::F32 {
        self.min_f32(high, self.max_f32(low, a))
    }
}
