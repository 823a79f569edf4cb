//! Quantization of the operators with weights: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED.

use ottava_ref::{ActivationRange, Multiplier, scales};

use super::import::ScaleZero;
use super::{ImportContext, TypeList};
use crate::error::{Error, Result};
use crate::graph::{DType, Tensor};

/// Largest difference between a bias scale and the product of input and filter scale, in output scales, that the
/// reference accepts where it looks at all.
const BIAS_SCALE_TOLERANCE: f64 = 0.02;

/// Zero points, requantization and clamping of a convolution.
#[derive(Clone, Debug)]
pub(crate) struct ConvQuantization {
    pub(crate) input_zero_point: i32,
    /// 0 for int8 filters.
    pub(crate) filter_zero_point: i32,
    pub(crate) output_zero_point: i32,
    /// One for all output channels, or one each.
    pub(crate) multipliers: Vec<Multiplier>,
    pub(crate) activation: ActivationRange,
}

/// Activations and weights of one 8-bit type, an optional int32 bias.
pub(crate) fn conv_types(types: &TypeList) -> bool {
    types.one_8_bit_type(2) && types.input_is(2, &[DType::I32])
}

/// Scales and zero point of a filter.
pub(crate) struct Filter<'a> {
    pub(crate) scales: &'a [f32],
    pub(crate) zero_points: &'a [i64],
}

impl<'a> Filter<'a> {
    /// Checks the scales of input 1, whose output channels are dimension `channel_dimension`.
    pub(crate) fn of(context: &mut ImportContext<'a>, channel_dimension: usize) -> Result<Self> {
        let filter = context.input(1)?;
        let name = &filter.name;
        context.constant(1)?;
        let Some(quantization) = &filter.quantization else {
            return Err(Error::invalid(format!("filter '{name}' has no scale and zero point")));
        };
        let scales = quantization.scale.as_slice();
        if scales.len() > 1 {
            if filter.dtype == DType::U8 {
                return Err(Error::invalid(format!("filter '{name}' is uint8 with {} scales", scales.len())));
            }
            if quantization.dimension != channel_dimension || filter.shape[channel_dimension] != scales.len() {
                return Err(Error::invalid(format!(
                    "filter '{name}' has {} scales along dimension {}; one per output channel expected",
                    scales.len(),
                    quantization.dimension
                )));
            }
            // The multipliers that come of them are kept per operator.
            context.budget.charge(4 * scales.len())?;
        }
        if let Some(scale) = scales.iter().find(|scale| !(scale.is_finite() && **scale >= 0.0)) {
            return Err(Error::invalid(format!("filter '{name}' has scale {scale}")));
        }
        Ok(Self { scales, zero_points: &quantization.zero_point })
    }

    /// The zero point of a filter with a single scale.
    pub(crate) fn single_zero_point(&self, filter: &Tensor) -> Result<i32> {
        let (lowest, highest) = filter.dtype.quantized_range().unwrap_or_default();
        let zero_point = self.zero_points.first().copied().unwrap_or_default();
        let fits = i32::try_from(zero_point).ok().filter(|zero_point| (lowest..=highest).contains(zero_point));
        fits.ok_or_else(|| Error::invalid(format!("filter '{}' has zero point {zero_point}", filter.name)))
    }
}

impl ConvQuantization {
    /// For a convolution whose filter has its output channels in dimension `channel_dimension`.
    pub(crate) fn import(context: &mut ImportContext<'_>, channel_dimension: usize, activation: i8) -> Result<Self> {
        let input = context.quantization(context.inputs[0])?;
        let output = context.output_quantization()?;
        let weights = Filter::of(context, channel_dimension)?;
        let filter = context.input(1)?;
        check_bias(context, filter.shape[channel_dimension])?;
        let (filter_zero_point, multipliers) = if filter.dtype == DType::U8 {
            check_bias_scale(context, weights.scales[0], (input, output))?;
            let multiplier = scales::conv_uint8(input.scale, weights.scales[0], output.scale)?;
            (weights.single_zero_point(filter)?, vec![multiplier])
        } else {
            // Depthwise ignores the zero point of int8 filters, CONV_2D requires it to be 0.
            if channel_dimension == 0 && weights.zero_points.iter().any(|&zero_point| zero_point != 0) {
                return Err(Error::invalid(format!("int8 filter '{}' has a zero point that is not 0", filter.name)));
            }
            (0, scales::conv_int8(input.scale, weights.scales, output.scale)?)
        };
        Ok(Self {
            input_zero_point: input.zero_point,
            filter_zero_point,
            output_zero_point: output.zero_point,
            multipliers,
            activation: context.activation(activation)?,
        })
    }
}

/// The bias, where there is one: constant, one element per output channel, zero point 0.
pub(crate) fn check_bias(context: &ImportContext<'_>, channels: usize) -> Result<()> {
    let Some(bias) = context.optional_input(2) else {
        return Ok(());
    };
    context.constant(2)?;
    if bias.element_count() != channels {
        return Err(Error::invalid(format!("bias '{}' has shape {:?}, {channels} expected", bias.name, bias.shape)));
    }
    let zero_points = bias.quantization.iter().flat_map(|quantization| &quantization.zero_point);
    if let Some(zero_point) = zero_points.into_iter().find(|zero_point| **zero_point != 0) {
        return Err(Error::invalid(format!("bias '{}' has zero point {zero_point}, 0 expected", bias.name)));
    }
    Ok(())
}

/// The reference refuses a bias whose scale is not nearly that of the accumulator; only for filters with one scale.
pub(crate) fn check_bias_scale(
    context: &ImportContext<'_>,
    filter_scale: f32,
    (input, output): (ScaleZero, ScaleZero),
) -> Result<()> {
    let Some(bias) = context.optional_input(2) else {
        return Ok(());
    };
    let scale = match &bias.quantization {
        Some(quantization) if quantization.scale.len() == 1 => quantization.scale[0],
        _ => 0.0,
    };
    let product = f64::from(input.scale) * f64::from(filter_scale);
    let difference = (product - f64::from(scale)).abs() / f64::from(output.scale);
    if difference <= BIAS_SCALE_TOLERANCE {
        return Ok(());
    }
    Err(Error::invalid(format!("bias '{}' has scale {scale}, input and filter make {product}", bias.name)))
}
