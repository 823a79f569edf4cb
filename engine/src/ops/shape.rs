//! SHAPE: the dimensions of a tensor, known before any run.

use std::sync::Arc;

use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// The dimensions as a list.
#[derive(Clone, Debug)]
pub(crate) struct Shape;

pub(crate) fn types(types: &TypeList) -> bool {
    types.output_is(&[DType::I32, DType::I64])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ShapeOptions(options) => Some(options),
        _ => None,
    })?;
    let dtype = context.output()?.dtype;
    let wanted = options.map(|options| options.out_type()).transpose()?;
    if let Some(wanted) = wanted.map(DType::from_code).filter(|&wanted| wanted != dtype) {
        return Err(Error::invalid(format!("the option out_type is {wanted}, the output {dtype}")));
    }
    Ok(Arc::new(Shape))
}

impl Operator for Shape {
    fn name(&self) -> &'static str {
        "SHAPE"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![vec![shape_of(inputs, 0)?.len()]])
    }

    fn mixes_batch(&self) -> bool {
        true
    }

    fn reads_only_shapes(&self) -> bool {
        true
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (shape, output) = (input(inputs, 0)?.shape, only_output(outputs)?);
        match output.dtype {
            DType::I64 => output.store(&shape.iter().map(|&size| size as i64).collect::<Vec<_>>()),
            _ => output.store(&shape.iter().map(|&size| size as i32).collect::<Vec<_>>()),
        }
    }
}

impl Lower for Shape {}
