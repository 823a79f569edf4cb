//! RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1 and LEAKY_RELU.

use std::sync::Arc;

use ottava_kernels::map_f32::MapF32Function;
use ottava_ref::ops::relu::{self, LeakyReluParams, ReluParams};

use super::types::QUANTIZED;
use super::unary::{Function, Unary, affine_ends, map};
use super::view::with_quantized;
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A clamp or a bend at 0.
#[derive(Clone, Debug)]
enum Rectifier {
    Clamp(ReluParams),
    ClampReal([f32; 2]),
    Leaky(LeakyReluParams),
    LeakyReal(f32),
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &QUANTIZED) || types.one_type(1, &[DType::F32])
}

pub(crate) fn relu(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    clamp(context, "RELU", [0.0, f32::INFINITY])
}

pub(crate) fn relu6(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    clamp(context, "RELU6", [0.0, 6.0])
}

pub(crate) fn relu_n1_to_1(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    clamp(context, "RELU_N1_TO_1", [-1.0, 1.0])
}

pub(crate) fn relu_0_to_1(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    clamp(context, "RELU_0_TO_1", [0.0, 1.0])
}

fn clamp(context: &ImportContext<'_>, name: &'static str, bounds: [f32; 2]) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    if context.input(0)?.dtype == DType::F32 {
        return Ok(Unary::operator(name, Rectifier::ClampReal(bounds)));
    }
    let [input, output] = affine_ends(context)?;
    let params = with_quantized!(context.output()?.dtype, T => Ok(ReluParams::new::<T>(bounds, input, output)?))?;
    Ok(Unary::operator(name, Rectifier::Clamp(params)))
}

pub(crate) fn leaky_relu(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::LeakyReluOptions(options) => Some(options),
        _ => None,
    })?;
    let alpha = options.map(|options| options.alpha()).transpose()?.unwrap_or(0.0);
    if !alpha.is_finite() {
        return Err(Error::invalid(format!("alpha is {alpha}")));
    }
    let function = if context.input(0)?.dtype == DType::F32 {
        Rectifier::LeakyReal(alpha)
    } else {
        let [input, output] = affine_ends(context)?;
        Rectifier::Leaky(LeakyReluParams::new(alpha, input, output)?)
    };
    Ok(Unary::operator("LEAKY_RELU", function))
}

impl Function for Rectifier {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        match self {
            Self::Clamp(params) => {
                with_quantized!(x.dtype, T => map::<T, T>(x, output, |x, y| relu::relu(params, x, y)))
            }
            Self::ClampReal(bounds) => map(x, output, |x, y| relu::relu_f32(*bounds, x, y)),
            Self::Leaky(params) => {
                with_quantized!(x.dtype, T => map::<T, T>(x, output, |x, y| relu::leaky_relu(params, x, y)))
            }
            Self::LeakyReal(alpha) => map(x, output, |x, y| relu::leaky_relu_f32(*alpha, x, y)),
        }
    }

    fn real(&self) -> Option<MapF32Function> {
        match *self {
            Self::ClampReal(bounds) => Some(Box::new(move |x, y| relu::relu_f32(bounds, x, y))),
            Self::LeakyReal(alpha) => Some(Box::new(move |x, y| relu::leaky_relu_f32(alpha, x, y))),
            Self::Clamp(_) | Self::Leaky(_) => None,
        }
    }
}
