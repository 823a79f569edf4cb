//! FLOOR_MOD with broadcasting: the remainder of FLOOR_DIV. A divisor that is zero is an error of the run.

use std::sync::Arc;

use ottava_ref::ops::floor_mod::{floor_mod, floor_mod_f32};

use super::binary::{Binary, Function, evaluate};
use super::view::only_output;
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// Remainder of stored values as they are, with the divisor's sign.
#[derive(Clone, Debug)]
struct FloorMod;

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &[DType::I8, DType::I16, DType::F32, DType::I32, DType::I64])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    Ok(Binary::operator(FloorMod))
}

impl Function for FloorMod {
    fn name(&self) -> &'static str {
        "FLOOR_MOD"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        match only_output(outputs)?.dtype {
            DType::I8 => evaluate(inputs, outputs, floor_mod::<i8>),
            DType::I16 => evaluate(inputs, outputs, floor_mod::<i16>),
            DType::I32 => evaluate(inputs, outputs, floor_mod::<i32>),
            DType::I64 => evaluate(inputs, outputs, floor_mod::<i64>),
            DType::F32 => evaluate(inputs, outputs, floor_mod_f32),
            other => Err(Error::internal(format!("{other} where a divisible type was imported"))),
        }
    }

    fn undefined(&self) -> Option<(i32, &'static str)> {
        Some((0, "a divisor is zero"))
    }
}
