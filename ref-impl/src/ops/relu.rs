//! RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1 (`docs/numerics.md` §7.9) and LEAKY_RELU (§7.10).

use crate::activation::ActivationRange;
use crate::element::Quantized;
use crate::error::Result;
use crate::fixed::Multiplier;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real::{one_nan, to_stored};
use crate::scales;

/// Parameters of [`relu`].
#[derive(Clone, Copy, Debug)]
pub struct ReluParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Input scale over output scale.
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
    /// The bounds in the output's stored values.
    pub range: ActivationRange,
}

impl ReluParams {
    /// For the real bounds `lo` and, where there is one, `hi`; `input` and `output` are scale and
    /// zero point.
    ///
    /// # Errors
    /// When the scales give a multiplier that is not finite or too large.
    pub fn new<X: Quantized>(bounds: [f32; 2], input: (f32, i32), output: (f32, i32)) -> Result<Self> {
        let stored = |real: f32| to_stored((real / output.0).round(), output.1);
        Ok(Self {
            input_zero_point: input.1,
            multiplier: scales::rescale_f32(input.0, output.0)?,
            output_zero_point: output.1,
            range: ActivationRange { lo: stored(bounds[0]).max(X::MIN), hi: stored(bounds[1]).min(X::MAX) },
        })
    }
}

/// Rescales and clamps.
///
/// # Panics
/// When input and output differ in length.
pub fn relu<X: Quantized>(params: &ReluParams, input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let centred = x.to_i32().wrapping_sub(params.input_zero_point);
        let scaled = params.multiplier.apply(centred).wrapping_add(params.output_zero_point);
        *out = X::from_clamped(params.range.clamp(scaled));
    }
}

/// Clamps real values; NaN stays.
///
/// # Panics
/// When input and output differ in length.
pub fn relu_f32(bounds: [f32; 2], input: &[f32], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = if x < bounds[0] {
            bounds[0]
        } else if x > bounds[1] {
            bounds[1]
        } else {
            x
        };
    }
}

/// Parameters of [`leaky_relu`].
#[derive(Clone, Copy, Debug)]
pub struct LeakyReluParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Input scale over output scale, for values above 0.
    pub identity: Multiplier,
    /// The same times the magnitude of alpha, for values below 0.
    pub alpha: Multiplier,
    /// Whether alpha is negative.
    pub alpha_is_negative: bool,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

impl LeakyReluParams {
    /// From the slope below 0 and scale and zero point of `input` and `output`.
    ///
    /// # Errors
    /// When the scales give a multiplier that is not finite or too large.
    pub fn new(alpha: f32, input: (f32, i32), output: (f32, i32)) -> Result<Self> {
        let signed = Multiplier::from_f64(f64::from(input.0 * alpha / output.0))?;
        Ok(Self {
            input_zero_point: input.1,
            identity: scales::rescale_f32(input.0, output.0)?,
            alpha: Multiplier { mantissa: signed.mantissa.saturating_abs(), ..signed },
            alpha_is_negative: signed.mantissa < 0,
            output_zero_point: output.1,
        })
    }
}

/// Rescales values above 0 by one factor and values below by another.
///
/// # Panics
/// When input and output differ in length.
pub fn leaky_relu<X: Quantized>(params: &LeakyReluParams, input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let centred = x.to_i32().wrapping_sub(params.input_zero_point);
        let scaled = if centred >= 0 {
            params.identity.apply(centred)
        } else if params.alpha_is_negative {
            params.alpha.apply(centred).wrapping_neg()
        } else {
            params.alpha.apply(centred)
        };
        *out = X::from_clamped(scaled.wrapping_add(params.output_zero_point));
    }
}

/// Multiplies real values that are not above 0 by alpha.
///
/// # Panics
/// When input and output differ in length.
pub fn leaky_relu_f32(alpha: f32, input: &[f32], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (&x, out) in input.iter().zip(output) {
        *out = if x > 0.0 { x } else { one_nan(x * alpha) };
    }
}
