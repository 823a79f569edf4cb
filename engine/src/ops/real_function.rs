//! LOGISTIC, TANH, EXP, LOG, GELU and ELU: tables of a real function, or the function itself on float32. SIN and COS: on
//! float32 only.

use std::sync::Arc;

use ottava_kernels::map_f32::MapF32Function;
use ottava_ref::ops::interpolated::Interpolated;
use ottava_ref::ops::real_function::{RealFunction, RealFunctionParams, real_function};
use ottava_ref::ops::sigmoid16::{Sigmoid, Sigmoid16Params, sigmoid16};
use ottava_ref::real::{log2_of_power, nearest};

use super::types::QUANTIZED;
use super::unary::{Affine, Function, Unary, affine_ends, map};
use super::view::with_8_bit;
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// Base-2 logarithm of the output scale of LOGISTIC and TANH on int16.
const SIGMOID16_LOG: i32 = -15;

/// One of the functions between tensors.
#[derive(Clone, Debug)]
enum Tabulated {
    /// 8 bits.
    Bytes(RealFunctionParams, RealFunction),
    /// LOGISTIC and TANH on int16.
    Sigmoid(Sigmoid16Params),
    /// The others on int16.
    Interpolated(Interpolated),
    /// float32.
    Real(nearest::Function),
}

/// All three quantized types, or float32.
pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &QUANTIZED) || types.one_type(1, &[DType::F32])
}

/// Signed types, or float32.
pub(crate) fn signed_types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::I16, DType::F32])
}

/// float32.
pub(crate) fn float_types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::F32])
}

/// int8 or float32.
pub(crate) fn int8_types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::F32])
}

/// The function on float32, where that is the type.
fn on_floats(
    context: &ImportContext<'_>,
    name: &'static str,
    function: nearest::Function,
) -> Result<Option<Arc<dyn Operator>>> {
    context.expect_inputs(1, 1)?;
    let real = context.input(0)?.dtype == DType::F32;
    Ok(real.then(|| Unary::operator(name, Tabulated::Real(function))))
}

pub(crate) fn logistic(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    match on_floats(context, "LOGISTIC", nearest::Function::Logistic)? {
        Some(operator) => Ok(operator),
        None => sigmoid(context, "LOGISTIC", Sigmoid::Logistic),
    }
}

pub(crate) fn tanh(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    match on_floats(context, "TANH", nearest::Function::Tanh)? {
        Some(operator) => Ok(operator),
        None => sigmoid(context, "TANH", Sigmoid::Tanh),
    }
}

pub(crate) fn sin(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    Ok(Unary::operator("SIN", Tabulated::Real(nearest::Function::Sin)))
}

pub(crate) fn cos(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    Ok(Unary::operator("COS", Tabulated::Real(nearest::Function::Cos)))
}

pub(crate) fn exp(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    match on_floats(context, "EXP", nearest::Function::Exp)? {
        Some(operator) => Ok(operator),
        None => tabulated(context, "EXP", RealFunction::Exp),
    }
}

pub(crate) fn elu(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    match on_floats(context, "ELU", nearest::Function::Elu)? {
        Some(operator) => Ok(operator),
        None => tabulated(context, "ELU", RealFunction::Elu),
    }
}

pub(crate) fn log(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    if let Some(operator) = on_floats(context, "LOG", nearest::Function::Ln)? {
        return Ok(operator);
    }
    let [_, (scale, zero_point)] = affine_ends(context)?;
    let function = match context.output()?.dtype {
        DType::I16 => RealFunction::log::<i16>(scale, zero_point),
        _ => RealFunction::log::<i8>(scale, zero_point),
    };
    tabulated(context, "LOG", function)
}

pub(crate) fn gelu(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::GeluOptions(options) => Some(options),
        _ => None,
    })?;
    let approximate = options.map(|options| options.approximate()).transpose()?.unwrap_or(false);
    let (table, real) = match approximate {
        true => (RealFunction::GeluByTanh, nearest::Function::GeluByTanh),
        false => (RealFunction::Gelu, nearest::Function::Gelu),
    };
    match on_floats(context, "GELU", real)? {
        Some(operator) => Ok(operator),
        None => tabulated(context, "GELU", table),
    }
}

fn tabulated(context: &ImportContext<'_>, name: &'static str, function: RealFunction) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let [input, output] = affine_ends(context)?;
    let table = match context.output()?.dtype {
        DType::I16 => Tabulated::Interpolated(Interpolated::in_f32(input, output, |x| function.apply(x))),
        _ => Tabulated::Bytes(between(input, output), function),
    };
    Ok(Unary::operator(name, table))
}

fn sigmoid(context: &ImportContext<'_>, name: &'static str, function: Sigmoid) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let [input, output] = affine_ends(context)?;
    let is_int16 = context.output()?.dtype == DType::I16;
    let (real, expected) = match (function, is_int16) {
        (Sigmoid::Logistic, true) => (RealFunction::Logistic, output.0 == 1.0 / 32768.0),
        (Sigmoid::Tanh, true) => (RealFunction::Tanh, log2_of_power(output.0) == Some(SIGMOID16_LOG)),
        (Sigmoid::Logistic, false) => (RealFunction::Logistic, output.0 == 1.0 / 256.0),
        (Sigmoid::Tanh, false) => (RealFunction::Tanh, true),
    };
    if !expected {
        let unit = if is_int16 { "1/32768" } else { "1/256" };
        return Err(Error::invalid(format!("the output has scale {}, {unit} expected", output.0)));
    }
    let table = if is_int16 {
        Tabulated::Sigmoid(Sigmoid16Params::new(function, input.0))
    } else {
        Tabulated::Bytes(between(input, output), real)
    };
    Ok(Unary::operator(name, table))
}

/// Parameters of a function between two quantizations.
pub(crate) fn between(input: Affine, output: Affine) -> RealFunctionParams {
    RealFunctionParams {
        input_scale: input.0,
        input_zero_point: input.1,
        output_scale: output.0,
        output_zero_point: output.1,
    }
}

impl Function for Tabulated {
    fn evaluate(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        match self {
            Self::Bytes(params, function) => {
                with_8_bit!(x.dtype, T => map::<T, T>(x, output, |x, y| real_function(params, *function, x, y)))
            }
            Self::Sigmoid(params) => map(x, output, |x, y| sigmoid16(params, x, y)),
            Self::Interpolated(table) => map(x, output, |x, y| table.apply(x, y)),
            Self::Real(function) => map(x, output, |x, y| function.map(x, y)),
        }
    }

    fn real(&self) -> Option<MapF32Function> {
        match *self {
            Self::Real(function) => Some(Box::new(move |x, y| function.map(x, y))),
            Self::Bytes(..) | Self::Sigmoid(_) | Self::Interpolated(_) => None,
        }
    }
}
