//! MUL (`docs/numerics.md` §7.5).

use crate::activation::ActivationRange;
use crate::broadcast::{Pair, map_pairs};
use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::ops::finish;

/// Parameters of [`mul`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MulParams {
    /// Zero points of the operands.
    pub input_zero_points: [i32; 2],
    /// From [`crate::scales::mul`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// Product with broadcasting.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn mul<X: Quantized>(params: &MulParams, [a, b]: Pair<'_, X>, output: &mut [X]) {
    let [zero1, zero2] = params.input_zero_points;
    map_pairs(a, b, output, |a, b| {
        let product = a.to_i32().wrapping_sub(zero1).wrapping_mul(b.to_i32().wrapping_sub(zero2));
        X::from_clamped(finish(product, params.multiplier, params.output_zero_point, params.activation))
    });
}
