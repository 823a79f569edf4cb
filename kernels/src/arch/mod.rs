//! Vector primitives. This module knows no operator.
//!
//! [`Arch`] is the vocabulary in which every kernel is written once: a vector of sixteen `i32`
//! lanes, however many registers that takes, and sixteen bytes of stored activations that widen
//! to it. Each instruction set implements it in a file of its own.
//!
//! An `Arch` value is a proof: it can only be made by [`InstructionSet::assume`], whose caller vouches that
//! the CPU has the instruction set. Register operations are therefore safe methods; only loads
//! and stores, which trust a pointer, are `unsafe`.
//!
//! Methods are `#[inline(always)]` and carry no `#[target_feature]` themselves. They become the
//! instructions they name once they are inlined into [`InstructionSet::enter`], the one function of each instruction set that
//! enables its features. A [`Kernel`] is a type, and `A::enter::<K>` is its entry point.

use crate::isa::Isa;

mod multipliers;
mod pairs16;
mod scalar;
#[cfg(test)]
mod scalar_pairs;
mod wide;
pub(crate) use multipliers::Multipliers;
pub(crate) use pairs16::Pairs16;
pub(crate) use scalar::Scalar;
pub(crate) use wide::{Divide, Elements, Mix, Weighed, Wide};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_products;
#[cfg(target_arch = "x86_64")]
mod avx2_wide;
#[cfg(all(test, target_arch = "x86_64"))]
pub(crate) use avx2::AvxVnniByVl;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::{Avx2, AvxVnni};

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_wide;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512Vnni;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_pairs;
#[cfg(target_arch = "aarch64")]
mod neon_products;
#[cfg(target_arch = "aarch64")]
mod neon_wide;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;

#[cfg(target_arch = "aarch64")]
pub(crate) mod ordered;

#[cfg(target_arch = "aarch64")]
pub(crate) mod dotprod;
#[cfg(target_arch = "aarch64")]
pub(crate) mod i8mm;
#[cfg(target_arch = "aarch64")]
pub(crate) use dotprod::DotProd;
#[cfg(target_arch = "aarch64")]
pub(crate) use i8mm::I8mm;

/// Lanes of every vector.
pub(crate) const LANES: usize = 16;

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

/// An instruction set as a type, of which a value is a proof that the CPU has it.
pub(crate) trait InstructionSet: Copy {
    /// The instruction set this is.
    const ISA: Isa;

    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn assume() -> Self;

    /// The entry point of a kernel for this instruction set: `K::run`, compiled with its features enabled.
    ///
    /// # Safety
    /// The CPU has the instruction set, and the call is as the kernel wants it.
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>);
}

/// A kernel that is written for one or more instruction sets: a type without values, so that its parameters are those of the
/// type, and tables can name it.
pub(crate) trait Kernel<A: InstructionSet> {
    /// What the kernel works on.
    type Call<'a>;

    /// Runs the kernel. Always inlined, so that it is compiled with what [`InstructionSet::enter`] enables.
    ///
    /// # Safety
    /// As the kernel says, in a function that enables the instruction set of `arch`.
    unsafe fn run(arch: A, call: &Self::Call<'_>);
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

/// Products of pairs in 16-bit lanes, eight columns at a time, for instruction sets without a dot product of four.
#[cfg(any(target_arch = "x86_64", test))]
pub(crate) trait PairDot: Dot {
    /// Sums of eight columns.
    type Half: Copy;
    /// Four weights for each of eight columns.
    type HalfWeights: Copy;
    /// Two 16-bit sums for each of eight columns.
    type Pairs: Copy;
    /// What [`PairDot::widen`] wants to have at hand.
    type Widening: Copy;

    /// Once before a loop, so that it stays in a register.
    fn prepare_widen(self) -> Self::Widening;

    /// Eight of sixteen lanes.
    fn half(self, lanes: Self::I32, half: usize) -> Self::Half;
    /// Weights of 0.
    fn zero_half_weights(self) -> Self::HalfWeights;
    /// Weights from memory.
    fn load_half(self, weights: &[i8; 2 * LANES]) -> Self::HalfWeights;

    /// `quad[2i] * weights[column][2i] + quad[2i + 1] * weights[column][2i + 1]`, which saturates.
    fn pairs(self, quad: Self::Quad, weights: Self::HalfWeights) -> Self::Pairs;
    /// `a + b`, modulo `2^16`.
    fn join(self, a: Self::Pairs, b: Self::Pairs) -> Self::Pairs;
    /// `sums[column] + pairs[column][0] + pairs[column][1]`.
    fn widen(self, sums: Self::Half, pairs: Self::Pairs, by: Self::Widening) -> Self::Half;
    /// Columns 0 to 7 and 8 to 15, a lane for each.
    fn whole(self, halves: [Self::Half; 2]) -> Self::I32;
}

/// Bytes that [`Interleave`] takes from each tap.
pub(crate) const INTERLEAVED: usize = 64;

/// Slopes and offsets of four vectors, and the clamp; see [`Interleave::store_scaled`].
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Scaled {
    pub(crate) slope: [[f32; LANES]; 4],
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
    /// `floor(slope · lane + offset)`, the product and sum rounded once, clamped. All lanes have less than 24
    /// bits and their results less than 31.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` bytes; `count <= INTERLEAVED`.
    unsafe fn store_scaled(self, target: *mut u8, parts: [Self::I32; 4], by: &Scaled, count: usize);

    /// Narrows four vectors, all within the storage type's range, to bytes in the order of channels, and
    /// stores the first `count`.
    ///
    /// # Safety
    /// `target` is valid for writes of `count` bytes; `count <= INTERLEAVED`.
    unsafe fn store_parts(self, target: *mut u8, parts: [Self::I32; 4], count: usize);
}

#[cfg(test)]
mod tests;
