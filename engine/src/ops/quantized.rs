//! Quantization of the operators with weights: CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV, FULLY_CONNECTED.

use ottava_kernels::Range16;
use ottava_ref::{ActivationRange, Multiplier, scales};

use super::import::{ImportContext, ScaleZero};
use super::types::TypeList;
use crate::budget::SCALE_BYTES;
use crate::error::{Error, Result};
use crate::tensor::{DType, Tensor};

/// Largest difference between a bias scale and the product of input and filter scale, in output scales, that the
/// reference accepts where it looks at all.
const BIAS_SCALE_TOLERANCE: f64 = 0.02;

/// Which operands an operator has where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operands {
    /// The activations.
    pub(crate) input: usize,
    /// The weights.
    pub(crate) filter: usize,
    /// The bias, which may be absent.
    pub(crate) bias: usize,
    /// The dimension of the filter that the output channels are.
    pub(crate) channels: usize,
}

impl Operands {
    /// Of CONV_2D and FULLY_CONNECTED.
    pub(crate) const USUAL: Self = Self { input: 0, filter: 1, bias: 2, channels: 0 };
    /// Of DEPTHWISE_CONV_2D.
    pub(crate) const DEPTHWISE: Self = Self { channels: 3, ..Self::USUAL };
    /// Of TRANSPOSE_CONV, whose first operand is the output's shape.
    pub(crate) const TRANSPOSE: Self = Self { input: 2, filter: 1, bias: 3, channels: 0 };

    /// Of the convolution number `index` of several of one tensor; the first is a usual one.
    pub(crate) fn sibling(index: usize) -> Self {
        Self { filter: 1 + 2 * index, bias: 2 + 2 * index, ..Self::USUAL }
    }
}

/// The sums of products of an operator, which are also its bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sums {
    /// 8-bit activations, 32 bits.
    Eight,
    /// int16 activations, 32 bits because the options say so.
    Sixteen,
    /// int16 activations, 64 bits.
    SixteenWide,
}

impl Sums {
    /// What the activations and the option `quantized_bias_type` make them; the bias must suit.
    pub(crate) fn of(context: &ImportContext<'_>, operands: Operands, bias_type: i8) -> Result<Self> {
        let bias = context.optional_input(operands.bias);
        let wanted = match bias_type {
            0 => None,
            2 => Some(DType::I32),
            4 => Some(DType::I64),
            other => return Err(Error::invalid(format!("bias type {other}, 2 (int32) or 4 (int64) expected"))),
        };
        let sums = match (context.input(operands.input)?.dtype, wanted) {
            (DType::I16, Some(DType::I32)) => Self::Sixteen,
            (DType::I16, _) => Self::SixteenWide,
            _ => Self::Eight,
        };
        let expected = if sums == Self::SixteenWide { DType::I64 } else { DType::I32 };
        match bias {
            Some(bias) if bias.dtype != expected || wanted.is_some_and(|wanted| wanted != expected) => {
                let (name, dtype) = (&bias.name, bias.dtype);
                Err(Error::invalid(format!("bias '{name}' is {dtype}; these activations and options need {expected}")))
            }
            _ => Ok(sums),
        }
    }

    /// Whether they have 64 bits.
    pub(crate) fn is_wide(self) -> bool {
        self == Self::SixteenWide
    }

    /// Whether activations have 16 bits.
    pub(crate) fn of_16_bits(self) -> bool {
        self != Self::Eight
    }
}

/// Runs an expression with type aliases for activations, weights and sums of a convolution.
macro_rules! with_sums {
    ($sums:expr, $dtype:expr, $X:ident, $W:ident, $A:ident => $body:expr) => {
        match $sums {
            $crate::ops::quantized::Sums::Eight => $crate::ops::view::with_8_bit!($dtype, $X => {
                type $W = $X;
                type $A = i32;
                $body
            }),
            $crate::ops::quantized::Sums::Sixteen => {
                type $X = i16;
                type $W = i8;
                type $A = i32;
                $body
            }
            $crate::ops::quantized::Sums::SixteenWide => {
                type $X = i16;
                type $W = i8;
                type $A = i64;
                $body
            }
        }
    };
}
pub(crate) use with_sums;

/// Zero points, requantization and clamping of an operator with weights.
#[derive(Clone, Debug)]
pub(crate) struct ConvQuantization {
    pub(crate) input_zero_point: i32,
    /// 0 for int8 filters.
    pub(crate) filter_zero_point: i32,
    pub(crate) output_zero_point: i32,
    /// One for all output channels, or one each; none where sums are scaled in floats.
    pub(crate) multipliers: Vec<Multiplier>,
    pub(crate) activation: ActivationRange,
    pub(crate) sums: Sums,
}

/// The filters of one convolution.
#[derive(Clone, Debug)]
pub struct ConvFilters {
    /// How many there are: the channels of the output.
    pub(crate) channels: usize,
    pub(crate) quantization: ConvQuantization,
}

/// Activations and weights of one 8-bit type with an optional int32 bias, or int16 activations and int8 weights with an
/// optional bias, or all of float32.
pub(crate) fn conv_types(types: &TypeList) -> bool {
    let floats = [DType::F32];
    let sixteen = types.input_is(0, &[DType::I16]) && types.input_is(1, &[DType::I8]) && types.output_is(&[DType::I16]);
    types.one_type(2, &floats) && types.input_is(2, &floats)
        || types.one_8_bit_type(2) && types.input_is(2, &[DType::I32])
        || sixteen && types.input_is(2, &[DType::I32, DType::I64])
}

/// [`conv_types`], or float32 with int8 weights: dynamic range quantization.
pub(crate) fn conv_or_hybrid_types(types: &TypeList) -> bool {
    let floats = [DType::F32];
    let hybrid = types.one_type(1, &floats) && types.input_is(1, &[DType::I8]) && types.input_is(2, &floats);
    hybrid || conv_types(types)
}

/// Scales and zero point of a filter.
pub(crate) struct Filter<'a> {
    pub(crate) scales: &'a [f32],
    pub(crate) zero_points: &'a [i64],
}

impl<'a> Filter<'a> {
    /// Checks which scales the weights have.
    pub(crate) fn of(context: &mut ImportContext<'a>, operands: Operands) -> Result<Self> {
        let filter = context.input(operands.filter)?;
        let name = &filter.name;
        context.require_constant(operands.filter)?;
        let Some(quantization) = &filter.quantization else {
            return Err(Error::invalid(format!("filter '{name}' has no scale and zero point")));
        };
        let scales = quantization.scale.as_slice();
        if scales.len() > 1 {
            if filter.dtype == DType::U8 {
                return Err(Error::invalid(format!("filter '{name}' is uint8 with {} scales", scales.len())));
            }
            if quantization.dimension != operands.channels || filter.shape[operands.channels] != scales.len() {
                return Err(Error::invalid(format!(
                    "filter '{name}' has {} scales along dimension {}; one per output channel expected",
                    scales.len(),
                    quantization.dimension
                )));
            }
            // The multipliers that come of them are kept per operator.
            context.budget.charge_each(scales.len(), SCALE_BYTES)?;
        }
        Ok(Self { scales, zero_points: &quantization.zero_point })
    }

    /// Refuses zero points other than 0.
    pub(crate) fn no_zero_points(&self, filter: &Tensor) -> Result<()> {
        if self.zero_points.iter().any(|&zero_point| zero_point != 0) {
            let (dtype, name) = (filter.dtype, &filter.name);
            return Err(Error::invalid(format!("{dtype} filter '{name}' has a zero point that is not 0")));
        }
        Ok(())
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
    /// For a convolution with the fused activation and the option `quantized_bias_type` of the file.
    pub(crate) fn import(
        context: &mut ImportContext<'_>,
        operands: Operands,
        activation: i8,
        bias_type: i8,
    ) -> Result<Self> {
        let sums = Sums::of(context, operands, bias_type)?;
        let input = context.quantization(context.inputs.get(operands.input).copied().flatten())?;
        let output = context.output_quantization()?;
        let weights = Filter::of(context, operands)?;
        let filter = context.input(operands.filter)?;
        check_bias(context, operands.bias, filter.shape[operands.channels])?;
        let (filter_zero_point, multipliers) = if filter.dtype == DType::U8 {
            check_bias_scale(context, operands.bias, weights.scales[0], (input, output))?;
            let multiplier = scales::conv_uint8(input.scale, weights.scales[0], output.scale)?;
            (weights.single_zero_point(filter)?, vec![multiplier])
        } else {
            // Depthwise ignores the zero point of int8 filters, the others require it to be 0.
            if operands != Operands::DEPTHWISE {
                weights.no_zero_points(filter)?;
            }
            (0, scales::conv_int8(input.scale, weights.scales, output.scale)?)
        };
        if sums.of_16_bits() {
            check_no_zero_points(input, output)?;
        }
        if sums.is_wide() {
            multipliers.iter().try_for_each(|multiplier| multiplier.check_wide().map(drop))?;
        }
        Ok(Self {
            input_zero_point: input.zero_point,
            filter_zero_point,
            output_zero_point: output.zero_point,
            multipliers,
            activation: context.activation(activation)?,
            sums,
        })
    }
}

/// int16 activations have no zero points.
pub(crate) fn check_no_zero_points(input: ScaleZero, output: ScaleZero) -> Result<()> {
    for (what, zero_point) in [("input", input.zero_point), ("output", output.zero_point)] {
        if zero_point != 0 {
            return Err(Error::invalid(format!("the int16 {what} has zero point {zero_point}, 0 expected")));
        }
    }
    Ok(())
}

/// The bias, where there is one: constant, one element per output channel, zero point 0.
pub(crate) fn check_bias(context: &ImportContext<'_>, index: usize, channels: usize) -> Result<()> {
    let Some(bias) = context.optional_input(index) else {
        return Ok(());
    };
    context.constant(index)?;
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
    index: usize,
    filter_scale: f32,
    (input, output): (ScaleZero, ScaleZero),
) -> Result<()> {
    let Some(bias) = context.optional_input(index) else {
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

/// A multiplier as kernels take it.
pub(crate) fn kernel_multiplier(Multiplier { mantissa, shift }: Multiplier) -> ottava_kernels::Multiplier {
    ottava_kernels::Multiplier { mantissa, shift }
}

/// Multipliers as kernels take them.
pub(crate) fn kernel_multipliers(multipliers: &[Multiplier]) -> Vec<ottava_kernels::Multiplier> {
    multipliers.iter().copied().map(kernel_multiplier).collect()
}

/// The range of an int16 output as kernels take it.
pub(crate) fn range_16(activation: ActivationRange) -> Range16 {
    Range16 { min: activation.lo, max: activation.hi }
}
