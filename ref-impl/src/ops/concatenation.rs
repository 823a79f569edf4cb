//! CONCATENATION (`docs/numerics.md` §7.3).

use crate::element::Quantized;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real::to_stored;
use crate::shape::check_length;

/// One operand of [`concatenation`].
#[derive(Clone, Copy, Debug)]
pub struct ConcatInput<'a, X> {
    /// `outer_count` runs of equal length, one after the other.
    pub data: &'a [X],
    /// Scale of this operand.
    pub scale: f32,
    /// Zero point of this operand.
    pub zero_point: i32,
}

/// Parameters of [`concatenation`].
#[derive(Clone, Copy, Debug)]
pub struct ConcatenationParams {
    /// Product of the dimensions before the axis.
    pub outer_count: usize,
    /// Scale of the output.
    pub output_scale: f32,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// Joins the operands along an axis. An operand with the output's scale and zero point is copied;
/// uint8 operands with others are rescaled in f32.
///
/// # Panics
/// When an operand is no multiple of `outer_count`, when the output is not as long as all operands
/// together, or when an int8 operand does not share the output's scale and zero point.
pub fn concatenation<X: Quantized>(params: &ConcatenationParams, inputs: &[ConcatInput<'_, X>], output: &mut [X]) {
    let total = inputs.iter().map(|input| input.data.len()).sum();
    check_length("the output", output.len(), total);
    let mut next = output.iter_mut();
    for outer in 0..params.outer_count {
        for input in inputs {
            assert!(
                input.data.len().is_multiple_of(params.outer_count),
                "an operand of {} elements is no multiple of {}",
                input.data.len(),
                params.outer_count
            );
            let run = input.data.len() / params.outer_count;
            let values = &input.data[outer * run..(outer + 1) * run];
            for (&value, out) in values.iter().zip(&mut next) {
                *out = rescale(params, input, value);
            }
        }
    }
}

/// Joins operands of any type as they are: `outer_count` runs of each, in turn. PACK is the same along a new dimension.
///
/// # Panics
/// When an operand is no multiple of `outer_count`, or when the output is not as long as all operands together.
pub fn concatenate<X: Copy>(outer_count: usize, inputs: &[&[X]], output: &mut [X]) {
    check_length("the output", output.len(), inputs.iter().map(|input| input.len()).sum());
    let mut next = output.iter_mut();
    for outer in 0..outer_count {
        for input in inputs {
            assert!(input.len().is_multiple_of(outer_count), "{} elements in {outer_count} runs", input.len());
            let run = input.len() / outer_count;
            for (&value, out) in input[outer * run..(outer + 1) * run].iter().zip(&mut next) {
                *out = value;
            }
        }
    }
}

/// One stored value of `input` in the output's scale and zero point.
///
/// # Panics
/// When an int8 operand does not share the output's scale and zero point.
pub fn rescale<X: Quantized>(params: &ConcatenationParams, input: &ConcatInput<'_, X>, value: X) -> X {
    if input.scale == params.output_scale && input.zero_point == params.output_zero_point {
        return value;
    }
    assert!(X::MIN == 0, "int8 operands must share the output's scale and zero point");
    let inverse = 1.0 / params.output_scale;
    let scale = input.scale * inverse;
    let bias = -input.zero_point as f32 * scale;
    let rounded = (value.to_i32() as f32 * scale + bias).round();
    X::from_clamped(to_stored(rounded, params.output_zero_point))
}
