//! SQUEEZE and EXPAND_DIMS: the same elements without or with dimensions of 1.

use std::sync::Arc;

use bytemuck::Pod;

use super::movement::{Elements, Moved, Movement, Part};
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// Dimensions of 1 that go or come.
#[derive(Clone, Debug)]
pub(crate) enum Ones {
    /// These dimensions of the input are left out.
    Squeeze(Vec<usize>),
    /// One is put in here.
    Expand(usize),
}

pub(crate) fn squeeze_types(types: &TypeList) -> bool {
    types.one_sized_type(1)
}

pub(crate) fn expand_types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32, DType::I64])
}

pub(crate) fn import_squeeze(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SqueezeOptions(options) => Some(options),
        _ => None,
    })?;
    let listed = options.map(|options| options.squeeze_dims()).transpose()?.flatten();
    let shape = &context.input(0)?.shape;
    context.budget.charge_each(listed.map_or(0, |listed| listed.len()), size_of::<i32>())?;
    let mut axes = Vec::new();
    for axis in listed.iter().flat_map(|listed| listed.iter()) {
        let axis = context.axis(i64::from(axis), shape.len())?;
        if !axes.contains(&axis) {
            axes.push(axis);
        }
    }
    if axes.is_empty() {
        let declared = context.declared_shape(0)?;
        axes.extend((0..shape.len()).filter(|&axis| declared.get(axis) == Some(&1)));
    }
    Ok(Arc::new(Moved(Ones::Squeeze(axes))))
}

pub(crate) fn import_expand(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let rank = context.input(0)?.shape.len();
    match context.integers(1)?[..] {
        [axis] => Ok(Arc::new(Moved(Ones::Expand(context.axis(axis, rank + 1)?)))),
        ref axes => Err(Error::invalid(format!("{} axes, one expected", axes.len()))),
    }
}

impl Movement for Ones {
    fn name(&self) -> &'static str {
        match self {
            Self::Squeeze(_) => "SQUEEZE",
            Self::Expand(_) => "EXPAND_DIMS",
        }
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let mut shape = inputs[0].to_vec();
        match self {
            Self::Squeeze(axes) => {
                if let Some(axis) = axes.iter().find(|&&axis| shape.get(axis) != Some(&1)) {
                    return Err(Error::invalid(format!("dimension {axis} of {shape:?} is not 1")));
                }
                shape = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
            }
            Self::Expand(axis) => shape.insert(*axis, 1),
        }
        Ok(vec![shape])
    }

    fn mixes_batch(&self) -> bool {
        false
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        outputs[0].values.copy_from_slice(&inputs[0].values);
    }

    fn parts(&self, _inputs: &[&[usize]], _outputs: &[&[usize]]) -> Vec<Part> {
        // Placement leaves nothing to move.
        Vec::new()
    }

    fn keeps_elements(&self) -> bool {
        true
    }
}
