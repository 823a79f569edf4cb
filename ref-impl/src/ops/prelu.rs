//! PRELU (`docs/numerics.md` §7.11).

use crate::broadcast::{Operand, Pair, map_pairs};
use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::real::one_nan;

/// Parameters of [`prelu`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreluParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Zero point of the slopes.
    pub alpha_zero_point: i32,
    /// From the input's to the output's scale: [`crate::scales::prelu_identity`].
    pub identity: Multiplier,
    /// From the scale of products with slopes to the output's: [`crate::scales::mul`].
    pub product: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// What is negative is multiplied by its slope. Slopes repeat along their dimensions of size 1; those
/// of 16-bit inputs are 8-bit.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast to the output's.
pub fn prelu<X: Quantized, A: Quantized>(
    params: &PreluParams,
    input: Operand<'_, X>,
    alpha: Operand<'_, A>,
    output: &mut [X],
) {
    map_pairs(input, alpha, output, |x, alpha| {
        let value = x.to_i32().wrapping_sub(params.input_zero_point);
        let scaled = if value >= 0 {
            params.identity.apply(value)
        } else {
            let slope = alpha.to_i32().wrapping_sub(params.alpha_zero_point);
            params.product.apply(value.wrapping_mul(slope))
        };
        X::from_clamped(scaled.wrapping_add(params.output_zero_point))
    });
}

/// PRELU of real numbers.
///
/// # Panics
/// As [`prelu`].
pub fn prelu_f32([input, alpha]: Pair<'_, f32>, output: &mut [f32]) {
    map_pairs(input, alpha, output, |x, alpha| if x >= 0.0 { x } else { one_nan(x * alpha) });
}
