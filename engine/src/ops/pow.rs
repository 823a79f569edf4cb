//! POW of float32 with broadcasting.

use std::sync::Arc;

use ottava_ref::ops::pow::pow_f32;

use super::binary::{Binary, Function, evaluate};
use super::{ImportContext, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::Result;
use crate::tensor::DType;

/// A power; the options have no fields.
#[derive(Clone, Debug)]
struct Pow;

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(2, &[DType::F32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    Ok(Binary::operator(Pow))
}

impl Function for Pow {
    fn name(&self) -> &'static str {
        "POW"
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        evaluate::<f32, f32>(inputs, outputs, |operands, output| {
            pow_f32(operands, output);
            Ok(())
        })
    }
}
