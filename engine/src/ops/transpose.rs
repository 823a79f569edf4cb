//! TRANSPOSE with a constant permutation.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::transpose::transpose;

use super::movement::{Elements, Moved, Movement, Part, offsets, strides};
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// Dimensions in another order.
#[derive(Clone, Debug)]
pub(crate) struct Transpose {
    /// The input dimension that each output dimension is.
    permutation: Vec<usize>,
    /// Whether all dimensions but those of 1 stay in order.
    in_order: bool,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let shape = &context.input(0)?.shape;
    let axes = context.integers(1)?;
    let permutation = axes.iter().map(|&axis| context.axis(axis, shape.len())).collect::<Result<Vec<_>>>()?;
    if permutation.len() != shape.len() || (0..shape.len()).any(|axis| !permutation.contains(&axis)) {
        return Err(Error::invalid(format!("{axes:?} is no order of {} dimensions", shape.len())));
    }
    let in_order = permutation.iter().filter(|&&axis| shape[axis] != 1).is_sorted();
    Ok(Arc::new(Moved(Transpose { permutation, in_order })))
}

impl Movement for Transpose {
    fn name(&self) -> &'static str {
        "TRANSPOSE"
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        Ok(vec![self.permutation.iter().map(|&axis| inputs[0][axis]).collect()])
    }

    fn mixes_batch(&self) -> bool {
        self.permutation.first().is_some_and(|&axis| axis != 0)
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        transpose(inputs[0].shape, &self.permutation, &inputs[0].values, &mut outputs[0].values);
    }

    fn parts(&self, inputs: &[&[usize]], _outputs: &[&[usize]]) -> Vec<Part> {
        let strides = strides(inputs[0]);
        let axis = |&axis: &usize| offsets(strides[axis], 0..inputs[0][axis]);
        vec![Part::whole(self.permutation.iter().map(axis).collect())]
    }

    fn keeps_elements(&self) -> bool {
        self.in_order
    }
}
