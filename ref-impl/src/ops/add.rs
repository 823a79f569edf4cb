//! ADD and SUB (`docs/numerics.md` §7.4).

use crate::activation::ActivationRange;
use crate::broadcast::{Pair, map_pairs};
use crate::element::Quantized;
use crate::fixed::rounding_divide_by_pot;
use crate::scales::AddMultipliers;

/// Bits of headroom that both operands of an element type gain before they are brought to a common
/// scale.
pub fn left_shift<X: Quantized>() -> u32 {
    if X::MAX > 255 { 15 } else { 20 }
}

/// Parameters of [`add`] and [`sub`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddParams {
    /// Zero points of the operands.
    pub input_zero_points: [i32; 2],
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
pub fn add<X: Quantized>(params: &AddParams, [a, b]: Pair<'_, X>, output: &mut [X]) {
    map_pairs(a, b, output, |a, b| {
        let [a, b] = scaled(params, a, b);
        finish(params, a.wrapping_add(b))
    });
}

/// Difference with broadcasting, rounded as [`add`] rounds.
///
/// # Panics
/// As [`add`].
pub fn sub<X: Quantized>(params: &AddParams, [a, b]: Pair<'_, X>, output: &mut [X]) {
    map_pairs(a, b, output, |a, b| {
        let [a, b] = scaled(params, a, b);
        finish(params, a.wrapping_sub(b))
    });
}

/// Two stored values on the common scale.
fn scaled<X: Quantized>(params: &AddParams, a: X, b: X) -> [i32; 2] {
    let moved = |x: X, operand: usize| {
        x.to_i32().wrapping_sub(params.input_zero_points[operand]).wrapping_shl(left_shift::<X>())
    };
    let AddMultipliers { input1, input2, .. } = params.multipliers;
    [input1.apply_below_one(moved(a, 0)), input2.apply_below_one(moved(b, 1))]
}

/// From the common scale to a stored output.
fn finish<X: Quantized>(params: &AddParams, sum: i32) -> X {
    let scaled = params.multipliers.output.apply_below_one(sum);
    X::from_clamped(params.activation.clamp(scaled.wrapping_add(params.output_zero_point)))
}

/// Parameters of [`add_power_of_two`] and [`sub_power_of_two`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerOfTwoParams {
    /// From [`crate::scales::power_of_two_shifts`].
    pub shifts: [i32; 2],
    /// Range of the fused activation.
    pub activation: ActivationRange,
}

/// Sum of 16-bit tensors whose scales are powers of two: the operand of the finer scale is shifted,
/// the sum saturates.
///
/// # Panics
/// As [`add`], and when a shift is outside 0..=31.
pub fn add_power_of_two(params: &PowerOfTwoParams, [a, b]: Pair<'_, i16>, output: &mut [i16]) {
    let [shift1, shift2] = params.shifts;
    map_pairs(a, b, output, |a, b| clamped(params, shifted(a, shift1).saturating_add(shifted(b, shift2))));
}

/// Difference of 16-bit tensors whose scales are powers of two.
///
/// # Panics
/// As [`add_power_of_two`].
pub fn sub_power_of_two(params: &PowerOfTwoParams, [a, b]: Pair<'_, i16>, output: &mut [i16]) {
    let [shift1, shift2] = params.shifts;
    map_pairs(a, b, output, |a, b| clamped(params, shifted(a, shift1).saturating_sub(shifted(b, shift2))));
}

fn shifted(value: i16, shift: i32) -> i16 {
    rounding_divide_by_pot(i32::from(value), shift) as i16
}

fn clamped(params: &PowerOfTwoParams, value: i16) -> i16 {
    params.activation.clamp(i32::from(value)) as i16
}
