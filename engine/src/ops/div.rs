//! DIV and FLOOR_DIV with broadcasting. A divisor that is zero is an error of the run.

use std::sync::Arc;

use ottava_kernels::pair_f32::{self, PairF32Function, PairF32Spec};
use ottava_kernels::pairs::Pairs;
use ottava_kernels::{Isa, Layer};
use ottava_ref::ops::div::{DivParams, div, div_f32, div_i32, floor_div, floor_div_f32};
use ottava_ref::scales;

use super::binary::{Binary, Function, bounds, evaluate, is_quantized, quantizations};
use super::view::{only_output, with_quantized};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// What a run says that meets a divisor of zero.
const BY_ZERO: &str = "a divisor is zero: divisors must differ from their zero point";

/// Quotient of two quantized tensors.
#[derive(Clone, Debug)]
struct Div(DivParams);

/// Quotient of two tensors of plain numbers, within these bounds.
#[derive(Clone, Debug)]
struct PlainDiv([f32; 2]);

/// Quotient of stored values as they are, rounded down.
#[derive(Clone, Debug)]
struct FloorDiv;

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &[DType::I8, DType::U8, DType::I16, DType::F32, DType::I32])
}

pub(crate) fn floor_types(types: &TypeList) -> bool {
    types.one_type(2, &[DType::I8, DType::I16, DType::F32, DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::DivOptions(options) => Some(options),
        _ => None,
    })?;
    let activation = options.map(|options| options.fused_activation_function()).transpose()?.unwrap_or(0);
    if !is_quantized(context)? {
        return Ok(Binary::operator(PlainDiv(context.activation_f32(activation)?)));
    }
    let [a, b, output] = quantizations(context)?;
    Ok(Binary::operator(Div(DivParams {
        input_zero_points: [a.zero_point, b.zero_point],
        multiplier: scales::div(a.scale, b.scale, output.scale)?,
        output_zero_point: output.zero_point,
        activation: context.activation(activation)?,
    })))
}

pub(crate) fn import_floor(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    context.options(|options| match options {
        BuiltinOptionsRef::FloorDivOptions(options) => Some(options),
        _ => None,
    })?;
    Ok(Binary::operator(FloorDiv))
}

impl Function for Div {
    fn name(&self) -> &'static str {
        "DIV"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        with_quantized!(only_output(outputs)?.dtype, T => {
            evaluate(inputs, outputs, |operands, output| div::<T>(&self.0, operands, output))
        })
    }

    fn undefined(&self) -> Option<(i32, &'static str)> {
        Some((self.0.input_zero_points[1], BY_ZERO))
    }
}

impl Function for PlainDiv {
    fn name(&self) -> &'static str {
        "DIV"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        match only_output(outputs)?.dtype {
            DType::I32 => evaluate(inputs, outputs, |operands, output| div_i32(bounds(self.0), operands, output)),
            _ => evaluate(inputs, outputs, |operands, output| {
                div_f32(bounds(self.0), operands, output);
                Ok(())
            }),
        }
    }

    fn kernel_f32(&self, isa: Isa, pairs: &Pairs) -> Option<Box<dyn Layer>> {
        let spec = PairF32Spec { function: PairF32Function::Div, pairs: pairs.clone(), range: bounds(self.0) };
        Some(Box::new(pair_f32::prepare(isa, &spec)))
    }
}

impl Function for FloorDiv {
    fn name(&self) -> &'static str {
        "FLOOR_DIV"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        match only_output(outputs)?.dtype {
            DType::I8 => evaluate(inputs, outputs, floor_div::<i8>),
            DType::I16 => evaluate(inputs, outputs, floor_div::<i16>),
            DType::I32 => evaluate(inputs, outputs, floor_div::<i32>),
            DType::F32 => evaluate(inputs, outputs, floor_div_f32),
            other => Err(Error::internal(format!("{other} where a divisible type was imported"))),
        }
    }

    fn undefined(&self) -> Option<(i32, &'static str)> {
        Some((0, BY_ZERO))
    }
}
