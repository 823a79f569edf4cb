//! What matrices are to be multiplied.

use crate::quantization::Multiplier;

/// Types of the operands and the end of the sums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elements {
    /// All stored 8-bit values.
    Eight {
        /// Zero points of both operands and of the output, stored.
        zeros: [i32; 3],
        /// `(mantissa, shift)` as `QuantizeMultiplier` gives them, the shift within -31 to 31.
        multiplier: Multiplier,
        /// What stored outputs have more than the file's values.
        output_offset: i32,
    },
    /// 16-bit values times stored 8-bit values, whose zero point is 0 in the file, to 16 bits.
    SixteenByEight {
        /// The right operand's zero point, stored.
        right_zero: i32,
        /// As above, the shift within -31 to 14.
        multiplier: Multiplier,
    },
    /// All 16-bit values.
    Sixteen {
        /// As above.
        multiplier: Multiplier,
    },
    /// All f32.
    Float,
}

/// What matrices are to be multiplied.
#[derive(Clone, Debug)]
pub struct MatmulSpec<'a> {
    /// The types.
    pub elements: Elements,
    /// For each product which of the left and of the right matrices it is of.
    pub products: &'a [[usize; 2]],
    /// Rows of a left matrix and of a product.
    pub rows: usize,
    /// Columns of a left matrix, rows of a right one.
    pub depth: usize,
    /// Columns of a right matrix and of a product.
    pub columns: usize,
    /// Whether left and right matrices are stored transposed.
    pub adjoint: [bool; 2],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
