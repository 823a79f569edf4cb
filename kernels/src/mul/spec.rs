//! What a multiplication is to do.

use crate::pairs::Pairs;
use crate::quantization::Multiplier;

/// What a multiplication is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MulSpec {
    /// Where the elements are.
    pub pairs: Pairs,
    /// Zero points of the operands, stored.
    pub zeros: [i32; 2],
    /// `(mantissa, shift)` from products to the output's scale.
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
