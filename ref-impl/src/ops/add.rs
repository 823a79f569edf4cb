//! ADD (`docs/numerics.md` §7.4).

use crate::activation::ActivationRange;
use crate::element::Quantized;
use crate::scales::AddMultipliers;
use crate::shape::{broadcast_index, broadcast_shape, check_length, coordinates, element_count};

/// Bits of headroom that both operands gain before they are brought to a common scale.
pub const LEFT_SHIFT: u32 = 20;

/// Parameters of [`add`].
#[derive(Clone, Debug)]
pub struct AddParams<'a> {
    /// Shape of the first operand.
    pub input1_shape: &'a [usize],
    /// Shape of the second operand; dimensions are aligned at the last one.
    pub input2_shape: &'a [usize],
    /// Zero point of the first operand.
    pub input1_zero_point: i32,
    /// Zero point of the second operand.
    pub input2_zero_point: i32,
    /// From [`crate::scales::add`].
    pub multipliers: AddMultipliers,
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// Sum with broadcasting. Each operand is rounded to the common scale, then the sum is rounded to
/// the output's.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn add<X: Quantized>(params: &AddParams<'_>, input1: &[X], input2: &[X], output: &mut [X]) {
    let (shape1, shape2) = (params.input1_shape, params.input2_shape);
    let Some(shape) = broadcast_shape(shape1, shape2) else {
        panic!("{shape1:?} and {shape2:?} do not broadcast");
    };
    check_length("the first input", input1.len(), element_count(shape1));
    check_length("the second input", input2.len(), element_count(shape2));
    check_length("the output", output.len(), element_count(&shape));
    for (index, out) in output.iter_mut().enumerate() {
        let at = coordinates(&shape, index);
        let a = input1[broadcast_index(shape1, &at)];
        let b = input2[broadcast_index(shape2, &at)];
        *out = add_elements(params, a, b);
    }
}

/// The sum of two stored values.
pub fn add_elements<X: Quantized>(params: &AddParams<'_>, a: X, b: X) -> X {
    let multipliers = &params.multipliers;
    let a = (a.to_i32().wrapping_sub(params.input1_zero_point)).wrapping_shl(LEFT_SHIFT);
    let b = (b.to_i32().wrapping_sub(params.input2_zero_point)).wrapping_shl(LEFT_SHIFT);
    let sum = multipliers.input1.apply_below_one(a).wrapping_add(multipliers.input2.apply_below_one(b));
    let scaled = multipliers.output.apply_below_one(sum);
    X::from_clamped(params.activation.clamp(scaled.wrapping_add(params.output_zero_point)))
}
