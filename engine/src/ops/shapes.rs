//! Shapes of an operator's inputs.

use crate::error::{Error, Result};

/// Shapes of an operator's inputs; `None` where an optional one is absent.
pub type InputShapes<'a> = [Option<&'a [usize]>];

/// Shape of input `index`.
pub(crate) fn shape_of<'a>(inputs: &InputShapes<'a>, index: usize) -> Result<&'a [usize]> {
    let shape = inputs.get(index).copied().flatten();
    shape.ok_or_else(|| Error::invalid(format!("input {index} is missing")))
}

/// Input `index` as NHWC.
pub(crate) fn nhwc_of(inputs: &InputShapes<'_>, index: usize) -> Result<[usize; 4]> {
    let shape = shape_of(inputs, index)?;
    shape.try_into().map_err(|_| Error::invalid(format!("input {index} has shape {shape:?}, NHWC expected")))
}
