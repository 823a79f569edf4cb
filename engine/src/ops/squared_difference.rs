//! SQUARED_DIFFERENCE with broadcasting.

use std::sync::Arc;

use ottava_ref::ops::arithmetic::Arithmetic;
use ottava_ref::ops::squared_difference::{SquaredDifferenceParams, squared_difference};
use ottava_ref::scales;

use super::arithmetic::Plain;
use super::binary::{Binary, Function, evaluate, is_quantized, quantizations};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

const NAME: &str = "SQUARED_DIFFERENCE";

/// Square of the difference of two int8 tensors.
#[derive(Clone, Debug)]
struct SquaredDifference(SquaredDifferenceParams);

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &[DType::I8, DType::F32, DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    context.options(|options| match options {
        BuiltinOptionsRef::SquaredDifferenceOptions(options) => Some(options),
        _ => None,
    })?;
    if !is_quantized(context)? {
        let range = context.activation_f32(0)?;
        return Ok(Binary::operator(Plain { name: NAME, operation: Arithmetic::SquaredDifference, range }));
    }
    let [a, b, output] = quantizations(context)?;
    Ok(Binary::operator(SquaredDifference(SquaredDifferenceParams {
        input_zero_points: [a.zero_point, b.zero_point],
        multipliers: scales::squared_difference(a.scale, b.scale, output.scale)?,
        output_zero_point: output.zero_point,
    })))
}

impl Function for SquaredDifference {
    fn name(&self) -> &'static str {
        NAME
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        evaluate(inputs, outputs, |operands, output| {
            squared_difference(&self.0, operands, output);
            Ok(())
        })
    }
}
