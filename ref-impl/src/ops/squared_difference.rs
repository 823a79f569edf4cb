//! SQUARED_DIFFERENCE (`docs/numerics.md` §7.24).

use crate::broadcast::{Pair, map_pairs};
use crate::element::Quantized;
use crate::scales::AddMultipliers;

/// Bits of headroom that both operands gain before they are brought to a common scale.
pub const LEFT_SHIFT: u32 = 7;

/// Parameters of [`squared_difference`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SquaredDifferenceParams {
    /// Zero points of the operands.
    pub input_zero_points: [i32; 2],
    /// From [`crate::scales::squared_difference`].
    pub multipliers: AddMultipliers,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// Square of the difference, with broadcasting.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn squared_difference(params: &SquaredDifferenceParams, [a, b]: Pair<'_, i8>, output: &mut [i8]) {
    let [zero1, zero2] = params.input_zero_points;
    let multipliers = &params.multipliers;
    let moved = |x: i8, zero: i32| i32::from(x).wrapping_sub(zero).wrapping_shl(LEFT_SHIFT);
    map_pairs(a, b, output, |a, b| {
        let a = multipliers.input1.apply_below_one(moved(a, zero1));
        let b = multipliers.input2.apply_below_one(moved(b, zero2));
        let difference = a.wrapping_sub(b);
        let scaled = multipliers.output.apply_below_one(difference.wrapping_mul(difference));
        i8::from_clamped(scaled.wrapping_add(params.output_zero_point))
    });
}
