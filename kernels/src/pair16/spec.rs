//! What a layer of two 16-bit tensors is to do.

use crate::pairs::Pairs;
use crate::quantization::Multiplier;

/// What is computed of two elements; multipliers are `(mantissa, shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function16 {
    /// `a + b`.
    Add(Sum16),
    /// `a - b`.
    Sub(Sum16),
    /// `a · b`, and the multiplier from products to the output's scale.
    Mul(Multiplier),
}

/// Multipliers of a sum or difference, all with shifts of at most 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum16 {
    /// From each operand to the common scale.
    pub operands: [Multiplier; 2],
    /// From the common scale to the output's.
    pub output: Multiplier,
}

/// What a layer of two 16-bit tensors is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair16Spec {
    /// Where the elements are, two bytes each; constants hold them little-endian.
    pub pairs: Pairs,
    /// What is computed.
    pub function: Function16,
    /// Least output.
    pub min: i32,
    /// Greatest output.
    pub max: i32,
}
