//! The vocabulary of quantization that all families share: weights, multipliers and ranges as a specification gives them.

use core::ops::Range;

/// A real factor as `QuantizeMultiplier` gives it: `mantissa * 2^(shift - 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// The mantissa, 0 or from `2^30` up to `2^31 - 1`.
    pub mantissa: i32,
    /// The exponent, positive to the left, within -31 to 31.
    pub shift: i32,
}

impl Multiplier {
    /// The factor 1/2, which scales without a rounding.
    pub const HALF: Self = Self { mantissa: 1 << 30, shift: 0 };
    /// The factor 0.
    pub const ZERO: Self = Self { mantissa: 0, shift: 0 };
}

/// Weights of a convolution; the specification that holds them says in which order they lie.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// One byte a weight.
    pub bytes: &'a [u8],
    /// Whether bytes are `i8` (else `u8`).
    pub signed: bool,
    /// Zero point, in the bytes' own domain.
    pub zero: i32,
}

impl Weights<'_> {
    /// Weight `index` in signed form: unsigned weights move by 128, and their zero point with them.
    pub(crate) fn signed(&self, index: usize) -> i8 {
        (self.bytes[index] ^ self.sign_flip()) as i8
    }

    /// What turns a weight's byte into the signed form, by XOR.
    #[inline]
    pub(crate) fn sign_flip(&self) -> u8 {
        if self.signed { 0 } else { 0x80 }
    }

    /// The zero point that belongs to [`Weights::signed`].
    pub(crate) fn signed_zero(&self) -> i32 {
        if self.signed { self.zero } else { self.zero - 128 }
    }
}

/// Weights whose magnitudes are added up in 32 bits.
const MAX_BLOCK: usize = 1 << 20;

/// Reductions of a stretch of weights. They go over all weights whenever something is planned, so they are loops over unsigned bytes
/// with nothing to decide, for which all instruction sets have vector code: the signed form has 128 less.
impl Weights<'_> {
    /// The least and the greatest weight, in signed form; of none 127 and -128.
    pub(crate) fn ends(&self, stretch: Range<usize>) -> [i8; 2] {
        let raise = self.sign_flip() ^ 0x80;
        let (mut least, mut greatest) = (u8::MAX, u8::MIN);
        for &byte in &self.bytes[stretch] {
            (least, greatest) = (least.min(byte ^ raise), greatest.max(byte ^ raise));
        }
        [least, greatest].map(|end| (end ^ 0x80) as i8)
    }

    /// The sum of the weights in signed form.
    pub(crate) fn sum(&self, stretch: Range<usize>) -> i64 {
        self.distances(stretch.clone(), 0) - 128 * stretch.len() as i64
    }

    /// The weights less their zero point: the sum of those above it, and of those below it without their signs.
    pub(crate) fn sums_around_zero(&self, stretch: Range<usize>) -> [i64; 2] {
        let sum = self.sum(stretch.clone()) - i64::from(self.signed_zero()) * stretch.len() as i64;
        let magnitude = match u8::try_from(self.signed_zero().saturating_add(128)) {
            Ok(zero) => self.distances(stretch, zero),
            // All are on one side.
            Err(_) => sum.abs(),
        };
        [(magnitude + sum) / 2, (magnitude - sum) / 2]
    }

    /// The sum of how far the weights are from another, all of them moved up by 128 from their signed form.
    fn distances(&self, stretch: Range<usize>, other: u8) -> i64 {
        let raise = self.sign_flip() ^ 0x80;
        let of_block = |block: &[u8]| block.iter().map(|byte| u32::from((byte ^ raise).abs_diff(other))).sum::<u32>();
        self.bytes[stretch].chunks(MAX_BLOCK).map(|block| i64::from(of_block(block))).sum()
    }
}

/// From accumulators to the output scale.
#[derive(Clone, Copy, Debug)]
pub enum Requantize<'a> {
    /// One multiplier for all channels or one for each.
    Fixed(&'a [Multiplier]),
    /// Real multipliers, rounded once from `f64`; one for all channels or one for each.
    Float(&'a [f64]),
    /// To float32 instead of stored values; convolutions alone.
    Real(RealScales<'a>),
}

/// From accumulators of dynamic range to float32.
#[derive(Clone, Copy, Debug)]
pub struct RealScales<'a> {
    /// Scales of the weights: one for all channels or one for each.
    pub weights: &'a [f32],
    /// One for each channel; empty means none.
    pub bias: &'a [f32],
    /// In which order factors are multiplied.
    pub order: RealOrder,
    /// Least and greatest output; NaN is neither.
    pub range: [f32; 2],
}

/// How a float follows from an accumulator, the scale `s` of the activations and that of the weights, `sw`; each step is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RealOrder {
    /// `0 + acc · (s · sw)`, then the bias if there is one.
    Together,
    /// `(acc · sw) · s`, then the bias if there is one.
    WeightsFirst,
    /// `bias + acc · (s · sw)` with a bias of 0 where there is none; the bias itself where the whole input is 0.
    Rows,
}

impl Requantize<'_> {
    /// How many multipliers there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Fixed(multipliers) => multipliers.len(),
            Self::Float(scales) => scales.len(),
            Self::Real(scales) => scales.weights.len(),
        }
    }
}

/// A channel's entry of a list that has one for all channels or one for each.
pub(crate) fn of_channel<T: Copy>(list: &[T], channel: usize) -> T {
    list[if list.len() == 1 { 0 } else { channel }]
}

/// Zero point and range of an output, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputRange {
    /// Zero point.
    pub(crate) zero: i32,
    /// Least value.
    pub(crate) min: i32,
    /// Greatest value.
    pub(crate) max: i32,
    /// What stored values have more than the file's.
    pub(crate) offset: i32,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reductions_are_those_of_single_weights(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            signed: bool,
            zero in prop_oneof![-128..=255i32, -1000..1000i32],
            first in 0..50usize,
        ) {
            let stretch = first.min(bytes.len())..bytes.len();
            let weights = Weights { bytes: &bytes, signed, zero };
            let less_zero = || stretch.clone().map(|at| i64::from(i32::from(weights.signed(at)) - weights.signed_zero()));
            let [above, below] = weights.sums_around_zero(stretch.clone());
            prop_assert_eq!(above, less_zero().map(|weight| weight.max(0)).sum::<i64>());
            prop_assert_eq!(below, less_zero().map(|weight| -weight.min(0)).sum::<i64>());
            let signed = || stretch.clone().map(|at| weights.signed(at));
            prop_assert_eq!(weights.sum(stretch.clone()), signed().map(i64::from).sum::<i64>());
            let ends = [signed().min().unwrap_or(i8::MAX), signed().max().unwrap_or(i8::MIN)];
            prop_assert_eq!(weights.ends(stretch.clone()), ends);
        }
    }

    #[test]
    fn sums_of_more_than_a_block_do_not_wrap() {
        let bytes = vec![255; (1 << 24) + (1 << 20) + 1];
        let weights = Weights { bytes: &bytes, signed: false, zero: 0 };
        let sum = 255 * bytes.len() as i64;
        assert_eq!(weights.sums_around_zero(0..bytes.len()), [sum, 0]);
    }
}
