//! Operators that are a real function of each element: LOGISTIC, TANH, EXP, LOG, GELU, ELU on 8-bit tensors
//! (`docs/numerics.md` §7.14, §7.25). Their 16-bit forms are in [`super::interpolated`] and [`super::sigmoid16`], their
//! float32 forms in [`crate::real::nearest`].

use crate::element::Quantized;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real;

/// A function of one real variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RealFunction {
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// The hyperbolic tangent.
    Tanh,
    /// `e^x`.
    Exp,
    /// The natural logarithm, or this value where there is none.
    Log(f32),
    /// `x · Φ(x)`.
    Gelu,
    /// The same through the hyperbolic tangent.
    GeluByTanh,
    /// `e^x - 1` below 0, `x` above.
    Elu,
    /// `1 / √x`, or this value where there is none.
    ReciprocalSqrt(f32),
}

impl RealFunction {
    /// The logarithm for outputs of type `X`, whose least real value stands in for all that is not
    /// positive.
    pub fn log<X: Quantized>(output_scale: f32, output_zero_point: i32) -> Self {
        Self::Log(X::MIN.wrapping_sub(output_zero_point) as f32 * output_scale)
    }

    /// The reciprocal square root for outputs of type `X`, whose greatest value stands in for all
    /// that is not positive.
    pub fn reciprocal_sqrt<X: Quantized>(output_scale: f32) -> Self {
        Self::ReciprocalSqrt(X::MAX as f32 * output_scale)
    }

    /// The function's value, with the same bits on every machine.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Logistic => real::logistic(x),
            Self::Tanh => real::tanh(x),
            Self::Exp => real::exp(x),
            Self::Log(otherwise) => {
                if x <= 0.0 {
                    otherwise
                } else {
                    real::ln(x)
                }
            }
            Self::Gelu => real::gelu(x),
            Self::GeluByTanh => real::gelu_by_tanh(x),
            Self::Elu => real::elu(x),
            Self::ReciprocalSqrt(otherwise) => {
                if x <= 0.0 {
                    otherwise
                } else {
                    1.0 / x.sqrt()
                }
            }
        }
    }
}

/// Scales and zero points around a [`RealFunction`].
#[derive(Clone, Copy, Debug)]
pub struct RealFunctionParams {
    /// Scale of the input.
    pub input_scale: f32,
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Scale of the output.
    pub output_scale: f32,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// The function, element by element: dequantized, evaluated and quantized in f32.
///
/// # Panics
/// When input and output differ in length.
pub fn real_function<X: Quantized>(params: &RealFunctionParams, function: RealFunction, input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    let inverse = 1.0 / params.output_scale;
    for (x, out) in input.iter().zip(output) {
        let real = params.input_scale * x.to_i32().wrapping_sub(params.input_zero_point) as f32;
        let rounded = (function.apply(real) * inverse).round();
        // The zero point is added as a float, so what does not fit 32 bits saturates.
        let moved = rounded + params.output_zero_point as f32;
        *out = X::from_clamped(if moved.is_nan() { params.output_zero_point } else { moved as i32 });
    }
}
