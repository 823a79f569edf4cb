//! FILL: one value in every element of a constant shape.

use std::sync::Arc;

use super::movement::sizes;
use super::types::QUANTIZED;
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// A tensor of one value, which may be computed.
#[derive(Clone, Debug)]
pub(crate) struct Fill {
    shape: Vec<usize>,
}

pub(crate) fn types(types: &TypeList) -> bool {
    let value = TypeList { inputs: types.inputs.iter().skip(1).copied().collect(), outputs: types.outputs.clone() };
    value.one_sized_type(1) && types.input_is(0, &[DType::I32, DType::I64])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let value = context.input(1)?;
    if value.element_count() != 1 {
        return Err(Error::invalid(format!("'{}' has {} elements, one expected", value.name, value.element_count())));
    }
    if let (Some(from), true) = (context.inputs[1], QUANTIZED.contains(&value.dtype) && value.quantization.is_some()) {
        context.same_quantization(from, context.outputs[0])?;
    }
    Ok(Arc::new(Fill { shape: sizes(context, 0)? }))
}

impl Operator for Fill {
    fn name(&self) -> &'static str {
        "FILL"
    }

    fn infer_shapes(&self, _inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![self.shape.clone()])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (value, output) = (input(inputs, 1)?, only_output(outputs)?);
        for element in output.bytes.chunks_exact_mut(value.bytes.len().max(1)) {
            element.copy_from_slice(value.bytes);
        }
        Ok(())
    }
}

impl Lower for Fill {}
