//! PACK: tensors of one shape along a new dimension.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::concatenation::concatenate;

use super::movement::{Elements, Moved, Movement, Part, concatenated_parts};
use super::types::QUANTIZED;
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;

/// Tensors next to each other.
#[derive(Clone, Debug)]
pub(crate) struct Pack {
    axis: usize,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(usize::MAX)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let count = context.inputs.len();
    context.expect_inputs(count.max(1), count)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::PackOptions(options) => Some(options),
        _ => None,
    })?;
    let (values, axis) = match options {
        Some(options) => (options.values_count()?, options.axis()?),
        None => (count as i32, 0),
    };
    if usize::try_from(values) != Ok(count) {
        return Err(Error::invalid(format!("packs {values} tensors, but has {count} inputs")));
    }
    let axis = context.axis(i64::from(axis), context.input(0)?.shape.len() + 1)?;
    let output = context.output()?;
    if QUANTIZED.contains(&output.dtype) && output.quantization.is_some() {
        let inputs = context.inputs.iter().flatten();
        inputs.map(|&id| context.same_quantization(id, context.outputs[0])).collect::<Result<Vec<_>>>()?;
    }
    Ok(Arc::new(Moved(Pack { axis })))
}

impl Movement for Pack {
    fn name(&self) -> &'static str {
        "PACK"
    }

    fn data(&self, inputs: usize) -> Range<usize> {
        0..inputs
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let mut shape = inputs[0].to_vec();
        if let Some(other) = inputs.iter().find(|other| **other != shape) {
            return Err(Error::invalid(format!("packs tensors of the shapes {shape:?} and {other:?}")));
        }
        shape.insert(self.axis, inputs.len());
        Ok(vec![shape])
    }

    fn mixes_batch(&self) -> bool {
        self.axis == 0
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        let outer = inputs[0].shape[..self.axis].iter().product();
        let parts: Vec<&[T]> = inputs.iter().map(|input| &input.values[..]).collect();
        concatenate(outer, &parts, &mut outputs[0].values);
    }

    fn parts(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> Vec<Part> {
        let packed: Vec<Vec<usize>> =
            inputs.iter().map(|shape| [&shape[..self.axis], &[1], &shape[self.axis..]].concat()).collect();
        concatenated_parts(&packed.iter().map(Vec::as_slice).collect::<Vec<_>>(), outputs[0], self.axis)
    }
}
