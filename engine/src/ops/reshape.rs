//! RESHAPE: the same bytes under another shape.

use std::sync::Arc;

use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::{DType, MAX_RANK};

/// Another shape for the same elements.
#[derive(Clone, Debug)]
pub(crate) struct Reshape {
    /// The shape asked for; at most one -1 takes what is left.
    target: Vec<i64>,
    /// The input's shape in the file: its batch, if it gets another, is the target's.
    imported: Vec<usize>,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 2)?;
    let target = match context.optional_input(1) {
        Some(shape) if shape.shape.len() == 1 => context.integers(1)?,
        _ => {
            let options = context.options(|options| match options {
                BuiltinOptionsRef::ReshapeOptions(options) => Some(options),
                _ => None,
            })?;
            let shape = options.map(|options| options.new_shape()).transpose()?.flatten();
            shape.into_iter().flat_map(|shape| shape.iter().take(MAX_RANK + 1)).map(i64::from).collect()
        }
    };
    let wildcards = target.iter().filter(|&&size| size == -1).count();
    if target.len() > MAX_RANK || wildcards > 1 || target.iter().any(|&size| size < -1) {
        return Err(Error::invalid(format!("the shape {target:?} is not possible")));
    }
    Ok(Arc::new(Reshape { target, imported: context.declared_shape(0)?.to_vec() }))
}

impl Reshape {
    /// The target with -1 resolved for `elements`, or `None` when it does not fit.
    fn resolve(&self, elements: usize) -> Option<Vec<usize>> {
        let known = |target: &[i64]| {
            let mut sizes = target.iter().filter(|&&size| size != -1);
            sizes.try_fold(1_usize, |product, &size| product.checked_mul(usize::try_from(size).ok()?))
        };
        let product = known(&self.target)?;
        let rest = elements.checked_div(product)?;
        let shape: Vec<_> = self.target.iter().map(|&size| if size == -1 { rest } else { size as usize }).collect();
        (shape.iter().product::<usize>() == elements).then_some(shape)
    }
}

impl Operator for Reshape {
    fn name(&self) -> &'static str {
        "RESHAPE"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        let elements: usize = shape.iter().product();
        if let Some(shape) = self.resolve(elements) {
            return Ok(vec![shape]);
        }
        // A batch: the constant target still has the 1 of the file.
        let rebatched = shape.first().filter(|_| self.imported.first() == Some(&1) && shape[1..] == self.imported[1..]);
        if let (Some(&batch), Some(mut target)) = (rebatched, self.resolve(self.imported.iter().product()))
            && target.first() == Some(&1)
        {
            target[0] = batch;
            return Ok(vec![target]);
        }
        Err(Error::invalid(format!("{elements} elements do not fit the shape {:?}", self.target)))
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        if x.bytes.len() != output.bytes.len() {
            return Err(Error::internal("a reshape between tensors of different size"));
        }
        output.bytes.copy_from_slice(x.bytes);
        Ok(())
    }
}

impl Lower for Reshape {
    fn keeps_bytes(&self, types: [DType; 2], _xor_masks: [u8; 2]) -> bool {
        types[0] == types[1]
    }
}
