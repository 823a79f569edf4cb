//! The vocabulary of quantization that all families share: weights, multipliers and ranges as a specification gives them.

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

/// From accumulators to the output scale.
#[derive(Clone, Copy, Debug)]
pub enum Requantize<'a> {
    /// One multiplier for all channels or one for each.
    Fixed(&'a [Multiplier]),
    /// Real multipliers, rounded once from `f64`; one for all channels or one for each.
    Float(&'a [f64]),
}

impl Requantize<'_> {
    /// How many multipliers there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Fixed(multipliers) => multipliers.len(),
            Self::Float(scales) => scales.len(),
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
