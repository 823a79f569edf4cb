//! What an addition is to do.

use crate::pairs::Pairs;
use crate::quantization::Multiplier;

/// One operand of an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Zero point, stored.
    pub zero: i32,
    /// `(mantissa, shift)` to the common scale; the shift at most 0.
    pub multiplier: Multiplier,
}

/// What an addition is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddSpec {
    /// Where the elements are.
    pub pairs: Pairs,
    /// Whether the second operand is taken off instead.
    pub subtract: bool,
    /// The two operands.
    pub operands: [Operand; 2],
    /// `(mantissa, shift)` from the common scale to the output's; the shift at most 0.
    pub multiplier: Multiplier,
    /// Output zero point, stored.
    pub output_zero: i32,
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// What stored outputs have more than the file's values.
    pub output_offset: i32,
}
