//! What can be wrong with the real-valued parameters of an operator, and with the values that it meets.

use core::fmt;

/// A scale, multiplier, activation bound or window that the quantized arithmetic cannot represent.
///
/// The reference computes on numbers only, so the message names the number; the caller knows the
/// operator and the tensor and adds them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The real multiplier is NaN or infinite, as when an output scale is zero.
    MultiplierNotFinite(f64),
    /// The real multiplier needs a left shift of more than 31 bits.
    MultiplierTooLarge(f64),
    /// The operator needs a real multiplier in (0, 1).
    MultiplierNotBelowOne(f64),
    /// The operator needs a real multiplier above 1.
    MultiplierNotAboveOne(f64),
    /// The operator needs a real multiplier in [0, 2^14), because its sums have 64 bits.
    MultiplierNotWide(f64),
    /// A bound of a fused activation does not fit 32 bits once quantized with this scale and zero
    /// point.
    ActivationOutOfRange {
        /// Scale of the output tensor.
        scale: f32,
        /// Zero point of the output tensor.
        zero_point: i32,
    },
    /// A root or reciprocal root of a negative element.
    RootOfNegative(f32),
    /// A box whose least y and x are not below its greatest ones.
    NegativeExtent([f32; 4]),
    /// A window has no valid output size: a zero filter, stride or dilation, or a filter larger
    /// than the unpadded input.
    NoOutputSize {
        /// Input extent.
        input: usize,
        /// Filter extent before dilation.
        filter: usize,
        /// Step between windows.
        stride: usize,
        /// Step between the taps of a window.
        dilation: usize,
    },
    /// A divisor is 0 (for quantized values: its zero point).
    DivisionByZero,
    /// Three scales of powers of two that ADD and SUB of 16-bit tensors cannot combine.
    PowersOfTwoTooFine {
        /// Base-2 logarithms of both input scales less that of the output's.
        shifts: [i32; 2],
    },
    /// An index in the data is negative or beyond the dimension that it selects from.
    IndexOutOfRange {
        /// The index.
        index: i64,
        /// Size of the dimension.
        size: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MultiplierNotFinite(d) => {
                write!(f, "the requantization multiplier is {d}: a scale is zero or not finite")
            }
            Self::MultiplierTooLarge(d) => {
                write!(f, "the requantization multiplier {d} is 2^31 or more")
            }
            Self::MultiplierNotBelowOne(d) => {
                write!(f, "the requantization multiplier {d} must lie strictly between 0 and 1")
            }
            Self::MultiplierNotAboveOne(d) => {
                write!(f, "the requantization multiplier {d} must be above 1")
            }
            Self::MultiplierNotWide(d) => {
                write!(f, "the requantization multiplier {d} of a 64-bit sum must lie between 0 and 2^14")
            }
            Self::ActivationOutOfRange { scale, zero_point } => write!(
                f,
                "the fused activation's bounds do not fit 32 bits with output scale {scale} and zero point {zero_point}"
            ),
            Self::RootOfNegative(value) => write!(f, "the square root of {value}: the input must not be negative"),
            Self::NegativeExtent([y0, x0, y1, x1]) => {
                write!(f, "a box from ({y0}, {x0}) to ({y1}, {x1}): its anchor or its size is negative")
            }
            Self::NoOutputSize { input, filter, stride, dilation } => {
                write!(f, "no output size for input {input}, filter {filter}, stride {stride}, dilation {dilation}")
            }
            Self::DivisionByZero => write!(f, "a divisor is zero: divisors must differ from their zero point"),
            Self::PowersOfTwoTooFine { shifts: [a, b] } => write!(
                f,
                "the input scales are 2^{a} and 2^{b} times the output's; \
                 with scales of powers of two one input must have the output's scale, the other a smaller one"
            ),
            Self::IndexOutOfRange { index, size } => {
                write!(f, "index {index} is outside a dimension of {size}; indices count from 0")
            }
        }
    }
}

impl core::error::Error for Error {}

/// Result of forming an operator's parameters.
pub type Result<T> = core::result::Result<T, Error>;
