//! The sixteen lanes in which every kernel is written.

use super::instruction_set::InstructionSet;

use super::multipliers::{FloatMultipliers, LANES, Multipliers};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// What ends a requantization, in stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clamp {
    /// Added first.
    pub(crate) zero: i32,
    /// Least value.
    pub(crate) min: i32,
    /// Greatest value.
    pub(crate) max: i32,
}

/// Sixteen lanes of `i32` and the operations that quantized kernels need on them.
///
/// All arithmetic wraps, as the specification's accumulators do.
pub(crate) trait Arch: InstructionSet {
    /// Sixteen `i32` lanes.
    type I32: Copy;
    /// Multipliers of sixteen channels, as [`Arch::rescale`] wants them.
    type Rescale: Copy;
    /// Multipliers of sixteen channels, as [`Arch::rescale_clamped`] and [`Arch::rescale_small`] want them.
    type RescaleFast: Copy;
    /// A clamp, as [`Arch::narrow`] wants it.
    type Clamp: Copy;
    /// Four vectors narrowed to bytes.
    type Narrow: Copy;

    /// The same value in every lane.
    fn splat(self, value: i32) -> Self::I32;

    /// # Safety
    /// `source` is valid for reads of 16 values; any alignment.
    unsafe fn load(self, source: *const i32) -> Self::I32;

    /// # Safety
    /// `target` is valid for writes of 16 values; any alignment.
    unsafe fn store(self, target: *mut i32, values: Self::I32);

    /// Widens sixteen stored activations to lanes.
    ///
    /// # Safety
    /// `source` is valid for reads of 16 bytes.
    unsafe fn load_bytes(self, source: *const u8) -> Self::I32;

    /// [`Arch::load_bytes`] of bytes in another order: lane `i` is the byte at `source + order[i]`.
    ///
    /// # Safety
    /// `source` is valid for reads of 16 bytes; `order` holds 0 to 15.
    unsafe fn load_bytes_in_order(self, source: *const u8, order: &[u8; LANES]) -> Self::I32;

    /// Σ of `count` stored activations.
    ///
    /// # Safety
    /// `source` is valid for reads of `count` bytes.
    unsafe fn sum_bytes(self, source: *const u8, count: usize) -> i32;

    /// Narrows the first `count` lanes, all within the storage type's range, to bytes.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` bytes; `count <= 16`.
    unsafe fn store_bytes(self, target: *mut u8, values: Self::I32, count: usize);

    /// `a + b`, wrapping.
    fn add(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// `a - b`, wrapping.
    fn sub(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// `a << BITS`, bits shifted out are lost.
    fn shift_left<const BITS: u32>(self, a: Self::I32) -> Self::I32;
    /// The lesser of each pair.
    fn min(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// The greater of each pair.
    fn max(self, a: Self::I32, b: Self::I32) -> Self::I32;
    /// `sum + a * b` where `a` came from [`Arch::load_bytes`] and `b` fits in `i16`.
    fn mul_add_i16(self, sum: Self::I32, a: Self::I32, b: Self::I32) -> Self::I32;

    /// Brings multipliers into the form of [`Arch::rescale`].
    ///
    /// `left` and `right` are shift counts of 0 to 31, at most one of them not 0 in a lane.
    fn prepare_rescale(self, mantissa: Self::I32, left: Self::I32, right: Self::I32) -> Self::Rescale;

    /// `MultiplyByQuantizedMultiplier` of the specification: `x << left`, the rounding doubling
    /// high product with the mantissa (ties up), then the rounding shift right (ties away from 0).
    fn rescale(self, x: Self::I32, by: Self::Rescale) -> Self::I32;

    /// Brings multipliers into the form of [`Arch::rescale_clamped`] or [`Arch::rescale_small`]: that for which
    /// their rounding was chosen.
    fn prepare_rescale_fast(self, multipliers: &Multipliers) -> Self::RescaleFast;

    /// [`Arch::rescale`] for lanes of at least 0 and right shifts `e` of at least 1, where both roundings are one
    /// floor: `(x * m + 2^30 + 2^(30 + e)) >> (31 + e)`. Negative lanes become any value from `-2^30` to 0.
    fn rescale_clamped(self, x: Self::I32, by: Self::RescaleFast) -> Self::I32;

    /// [`Arch::rescale`] for lanes below `2^30` in magnitude and multipliers without left shift.
    fn rescale_small(self, x: Self::I32, by: Self::RescaleFast) -> Self::I32;

    /// The longest K whose sums tiles scale by [`Arch::rescale_float`] where that is proven to be exact, as it is less work than
    /// the forms in integers. Proofs take time when planning, and the longer K is, the less of it an epilogue is. 0 where it is no
    /// vector code.
    const FLOAT_DEPTH: usize = 0;

    /// `scale · x + offset`, rounded once to floats, without their fractions. All lanes have less than 24 bits and their
    /// results less than 31. Without `SIGNED`, negative lanes have the same offset as the others.
    #[inline(always)]
    fn rescale_float<const SIGNED: bool>(self, x: Self::I32, by: &FloatMultipliers) -> Self::I32 {
        let mut lanes = [0; LANES];
        // SAFETY: the array has sixteen values.
        unsafe { self.store(lanes.as_mut_ptr(), x) }
        for (index, lane) in lanes.iter_mut().enumerate() {
            let offset = by.offsets[usize::from(SIGNED && *lane < 0)][index];
            *lane = by.scale[index].mul_add(*lane as f32, offset) as i32;
        }
        // SAFETY: as above.
        unsafe { self.load(lanes.as_ptr()) }
    }

    /// Brings a clamp into the form of [`Arch::narrow`].
    fn prepare_clamp(self, clamp: Clamp) -> Self::Clamp;

    /// Adds the zero point to four vectors, clamps them, and narrows them to bytes.
    ///
    /// Lanes are within `-2^30` and `2^30`.
    fn narrow(self, values: [Self::I32; 4], clamp: Self::Clamp) -> Self::Narrow;

    /// Stores the first `count` bytes of each of `PARTS` equal parts; 1, 2 or 4 parts.
    ///
    /// # Safety
    /// Each target is valid for writes of `count` bytes; `count <= 64 / PARTS`.
    unsafe fn store_narrow<const PARTS: usize>(self, targets: [*mut u8; PARTS], bytes: Self::Narrow, count: usize);
}
