//! SELECT and SELECT_V2: stored values of one operand or the other, as a condition says.

use std::sync::Arc;

use ottava_ref::Operand;
use ottava_ref::broadcast::broadcast_shapes;
use ottava_ref::ops::select::select;
use ottava_ref::shape::element_count;

use super::view::{input, only_output, with_size};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// Elements of the second input where the first is true, else of the third.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    /// Whether all three operands broadcast; else only the condition may be a scalar or have one element for each index
    /// of dimension 0.
    broadcasts: bool,
}

pub(crate) fn types(types: &TypeList) -> bool {
    let values = TypeList { inputs: types.inputs.iter().skip(1).copied().collect(), outputs: types.outputs.clone() };
    types.input_is(0, &[DType::Bool]) && values.one_sized_type(2)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(3, 3)?;
    Ok(Arc::new(Select { broadcasts: false }))
}

pub(crate) fn import_v2(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(3, 3)?;
    Ok(Arc::new(Select { broadcasts: true }))
}

impl Select {
    /// The condition's shape, aligned at the last dimension as broadcasting wants it.
    fn condition_shape(&self, condition: &[usize], values: &[usize]) -> Vec<usize> {
        let mut shape = condition.to_vec();
        if !self.broadcasts && condition.len() == 1 && values.first() == condition.first() {
            shape.resize(values.len(), 1);
        }
        shape
    }
}

impl Operator for Select {
    fn name(&self) -> &'static str {
        if self.broadcasts { "SELECT_V2" } else { "SELECT" }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [condition, x, y] = [shape_of(inputs, 0)?, shape_of(inputs, 1)?, shape_of(inputs, 2)?];
        if self.broadcasts {
            let shape = broadcast_shapes(&[condition, x, y]);
            let refuse = || Error::invalid(format!("shapes {condition:?}, {x:?} and {y:?} do not broadcast"));
            return Ok(vec![shape.ok_or_else(refuse)?]);
        }
        let along_rows = condition.len() == 1 && x.first() == condition.first();
        if x != y || !(condition == x || condition.is_empty() || along_rows) {
            return Err(Error::invalid(format!(
                "a condition of shape {condition:?} cannot select from {x:?} and {y:?}"
            )));
        }
        Ok(vec![x.to_vec()])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let [condition, x, y] = [input(inputs, 0)?, input(inputs, 1)?, input(inputs, 2)?];
        let output = only_output(outputs)?;
        let condition_shape = self.condition_shape(condition.shape, x.shape);
        let choices = Operand { shape: &condition_shape, values: condition.bytes };
        with_size!(output.dtype.size_bytes(), T => {
            let (first, second) = (x.values::<T>(), y.values::<T>());
            let mut results = vec![T::default(); element_count(output.shape)];
            let operands = [Operand { shape: x.shape, values: &first }, Operand { shape: y.shape, values: &second }];
            select(choices, operands, &mut results);
            output.store(&results)
        })
    }
}

impl Lower for Select {}
