//! Multipliers of elementwise operators of two operands.

use crate::element::Quantized;
use crate::error::{Error, Result};
use crate::fixed::Multiplier;
use crate::ops::{add::left_shift, squared_difference};
use crate::real::log2_of_power;

/// The three multipliers of ADD, SUB and SQUARED_DIFFERENCE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddMultipliers {
    /// Brings the first operand to the common scale.
    pub input1: Multiplier,
    /// Brings the second operand to the common scale.
    pub input2: Multiplier,
    /// Brings the result from the common scale to the output's.
    pub output: Multiplier,
}

/// ADD and SUB: both operands go to twice the larger input scale, some bits finer.
///
/// # Errors
/// When one of the three multipliers is not in (0, 1).
pub fn add<X: Quantized>(input1: f32, input2: f32, output: f32) -> Result<AddMultipliers> {
    let twice_max = twice_larger(input1, input2);
    let fine_output = f64::from((1 << left_shift::<X>()) as f32 * output);
    on_common_scale(input1, input2, twice_max / fine_output)
}

/// SQUARED_DIFFERENCE: as [`add`], with the square of the common scale.
///
/// # Errors
/// When one of the three multipliers is not in (0, 1).
pub fn squared_difference(input1: f32, input2: f32, output: f32) -> Result<AddMultipliers> {
    let twice_max = twice_larger(input1, input2);
    let fine_output = f64::from((1 << (2 * squared_difference::LEFT_SHIFT)) as f32 * output);
    on_common_scale(input1, input2, twice_max * twice_max / fine_output)
}

fn twice_larger(a: f32, b: f32) -> f64 {
    f64::from(2.0 * a.max(b))
}

fn on_common_scale(input1: f32, input2: f32, output: f64) -> Result<AddMultipliers> {
    let twice_max = twice_larger(input1, input2);
    Ok(AddMultipliers {
        input1: Multiplier::below_one(f64::from(input1) / twice_max)?,
        input2: Multiplier::below_one(f64::from(input2) / twice_max)?,
        output: Multiplier::below_one(output)?,
    })
}

/// ADD and SUB of 16-bit tensors whose scales are all powers of two, within a tolerance: how far each
/// operand shifts right. `None` when a scale is none, and the arithmetic is that of other scales.
///
/// # Errors
/// When neither input has the output's scale, or one has a larger one.
pub fn power_of_two_shifts(input1: f32, input2: f32, output: f32) -> Result<Option<[i32; 2]>> {
    let [Some(a), Some(b), Some(out)] = [input1, input2, output].map(log2_of_power) else {
        return Ok(None);
    };
    let shifts = [a - out, b - out];
    if shifts.iter().all(|&shift| shift < 0) || shifts.iter().any(|&shift| shift > 0) {
        return Err(Error::PowersOfTwoTooFine { shifts });
    }
    // Sixteen bits leave nothing of a 16-bit value.
    Ok(Some(shifts.map(|shift| (-shift).min(31))))
}

/// MUL, and what PRELU multiplies negative values by: product and quotient are rounded to f32.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn mul(input1: f32, input2: f32, output: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input1 * input2 / output))
}

/// DIV: product and quotient are rounded to f32.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn div(input1: f32, input2: f32, output: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input1 / (input2 * output)))
}

/// What PRELU multiplies other values by: the quotient is rounded to f32.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn prelu_identity(input: f32, output: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input / output))
}

/// Comparisons of quantized values: the scale itself.
///
/// # Errors
/// When the scale is not finite or too large.
pub fn comparison(scale: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_found_within_the_tolerance() {
        assert_eq!(power_of_two_shifts(0.25, 0.125, 0.25), Ok(Some([0, 1])));
        assert_eq!(power_of_two_shifts(0.25, 0.250_05, 0.25), Ok(Some([0, 0])));
        assert_eq!(power_of_two_shifts(0.25, 0.26, 0.25), Ok(None));
        assert_eq!(power_of_two_shifts(0.5, 1.0, 0.5), Err(Error::PowersOfTwoTooFine { shifts: [0, 1] }));
        assert_eq!(power_of_two_shifts(0.5, 0.5, 1.0), Err(Error::PowersOfTwoTooFine { shifts: [-1, -1] }));
    }
}
