//! How the multipliers of each operator are formed from tensor scales (`docs/numerics.md` §2.6).
//!
//! The floating-point type of every step is part of the specification: the f64 product of two f32
//! scales is exact, their f32 product is rounded, and the difference reaches the mantissa.

use alloc::vec;
use alloc::vec::Vec;

mod binary;

pub use binary::{AddMultipliers, add, comparison, div, mul, power_of_two_shifts, prelu_identity, squared_difference};

use crate::error::Result;
use crate::fixed::Multiplier;

/// CONV_2D and DEPTHWISE_CONV_2D with int8 weights: one multiplier per filter scale.
///
/// # Errors
/// When a scale gives a multiplier that is not finite or too large.
pub fn conv_int8(input: f32, filter: &[f32], output: f32) -> Result<Vec<Multiplier>> {
    effective_scales(input, filter, output).into_iter().map(Multiplier::from_f64).collect()
}

/// CONV_2D and DEPTHWISE_CONV_2D with uint8 weights: the product of input and filter scale is
/// rounded to f32.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn conv_uint8(input: f32, filter: f32, output: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input * filter) / f64::from(output))
}

/// The f64 scale of each output channel, `input · filter[c] / output`: what FULLY_CONNECTED
/// multiplies its accumulator by in [`crate::ops::fully_connected::FcRequant::F64Round`].
pub fn effective_scales(input: f32, filter: &[f32], output: f32) -> Vec<f64> {
    filter.iter().map(|&filter| f64::from(input) * f64::from(filter) / f64::from(output)).collect()
}

/// FULLY_CONNECTED in [`crate::ops::fully_connected::FcRequant::Gemmlowp`]: one filter scale takes
/// the f32 product, several take the f64 product.
///
/// # Errors
/// When a scale gives a multiplier that is not finite or too large.
pub fn fully_connected_gemmlowp(input: f32, filter: &[f32], output: f32) -> Result<Vec<Multiplier>> {
    match *filter {
        [filter] => Ok(vec![conv_uint8(input, filter, output)?]),
        _ => conv_int8(input, filter, output),
    }
}

/// MEAN and the 8-bit to 8-bit form of QUANTIZE: the quotient of the two scales in f64.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn rescale(input: f32, output: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input) / f64::from(output))
}

/// RELU and its kin, the part of LEAKY_RELU above 0, ABS: the quotient of the two scales in f32.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn rescale_f32(input: f32, output: f32) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input / output))
}

/// BATCH_MATMUL, and FULLY_CONNECTED with int16 weights of one scale: the product of the two scales is rounded to f32.
///
/// # Errors
/// When the scales give a multiplier that is not finite or too large.
pub fn matrix_product(left: f32, right: f32, output: f32) -> Result<Multiplier> {
    conv_uint8(left, right, output)
}

/// REDUCE_PROD over `count` elements, for each of its `count` multiplications: the output scale counts once in all.
///
/// # Errors
/// When the scales give a multiplier that is not finite, or too large for 64-bit products.
pub fn reduce_prod(input: f32, output: f32, count: usize) -> Result<Multiplier> {
    Multiplier::from_f64(f64::from(input) / libm::pow(f64::from(output), 1.0 / count as f64))?.check_wide()
}
