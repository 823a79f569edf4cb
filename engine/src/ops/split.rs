//! SPLIT, SPLIT_V and UNPACK: parts of a tensor along a constant axis.

use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::split::split;

use super::movement::{Elements, Moved, Movement, Part, PartAxis, integers, strides};
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// Consecutive parts of one dimension.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    name: &'static str,
    data: usize,
    axis: usize,
    /// Size of each part.
    sizes: Vec<usize>,
    /// Whether parts, of one index each, lose the dimension.
    unpacks: bool,
    /// Whether the dimensions before the axis are 1, so that parts follow each other.
    consecutive: bool,
}

pub(crate) fn types(types: &TypeList) -> bool {
    let data = TypeList { inputs: types.inputs.iter().skip(1).copied().collect(), outputs: types.outputs.clone() };
    data.one_sized_type(1) && types.input_is(0, &[DType::I32])
}

pub(crate) fn types_v(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32, DType::I64]) && types.input_is(2, &[DType::I32])
}

pub(crate) fn types_unpack(types: &TypeList) -> bool {
    types.one_sized_type(1)
}

/// The axis in input `index` of a tensor with `rank` dimensions.
fn axis(context: &ImportContext<'_>, index: usize, rank: usize) -> Result<usize> {
    match context.integers(index)?[..] {
        [axis] => context.axis(axis, rank),
        ref axes => Err(Error::invalid(format!("{} axes, one expected", axes.len()))),
    }
}

fn consecutive(shape: &[usize], axis: usize) -> bool {
    shape[..axis].iter().all(|&size| size == 1)
}

/// Requires the count of an option, if it is there, to be that of the outputs.
fn check_count(context: &ImportContext<'_>, option: Option<i32>) -> Result<usize> {
    let count = context.outputs.len();
    match option {
        Some(option) if usize::try_from(option) != Ok(count) || count == 0 => {
            Err(Error::invalid(format!("makes {option} parts, but has {count} outputs")))
        }
        _ => Ok(count.max(1)),
    }
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_operands(2..=2, 1..=usize::MAX)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SplitOptions(options) => Some(options),
        _ => None,
    })?;
    let count = check_count(context, options.map(|options| options.num_splits()).transpose()?)?;
    let shape = &context.input(1)?.shape;
    let axis = axis(context, 0, shape.len())?;
    if !shape[axis].is_multiple_of(count) {
        return Err(Error::invalid(format!("{count} equal parts along axis {axis} of {shape:?}")));
    }
    context.budget.charge(8 * count)?;
    let sizes = vec![shape[axis] / count; count];
    Ok(Arc::new(Moved(Split {
        name: "SPLIT",
        data: 1,
        axis,
        sizes,
        unpacks: false,
        consecutive: consecutive(shape, axis),
    })))
}

pub(crate) fn import_v(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_operands(3..=3, 1..=usize::MAX)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SplitVOptions(options) => Some(options),
        _ => None,
    })?;
    let count = check_count(context, options.map(|options| options.num_splits()).transpose()?)?;
    let list = integers(context, 1)?;
    let shape = &context.input(0)?.shape;
    let axis = axis(context, 2, shape.len())?;
    let known = list.iter().filter(|&&size| size != -1).try_fold(0_usize, |sum, &size| {
        let size = usize::try_from(size).ok().filter(|&size| size <= shape[axis])?;
        Some(sum + size).filter(|&sum| sum <= shape[axis])
    });
    let open = list.iter().filter(|&&size| size == -1).count();
    let fits = known.filter(|&known| list.len() == count && (open == 1 || (open == 0 && known == shape[axis])));
    let rest = shape[axis]
        - fits.ok_or_else(|| {
            Error::invalid(format!("parts of sizes {list:?} for {count} outputs along axis {axis} of {shape:?}"))
        })?;
    let sizes = list.iter().map(|&size| if size == -1 { rest } else { size as usize }).collect();
    Ok(Arc::new(Moved(Split {
        name: "SPLIT_V",
        data: 0,
        axis,
        sizes,
        unpacks: false,
        consecutive: consecutive(shape, axis),
    })))
}

pub(crate) fn import_unpack(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_operands(1..=1, 1..=usize::MAX)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::UnpackOptions(options) => Some(options),
        _ => None,
    })?;
    let count = check_count(context, options.as_ref().map(|options| options.num()).transpose()?)?;
    let shape = &context.input(0)?.shape;
    let axis = options.map(|options| options.axis()).transpose()?.unwrap_or(0);
    let axis = context.axis(i64::from(axis), shape.len())?;
    if shape[axis] != count {
        return Err(Error::invalid(format!("{count} outputs from axis {axis} of {shape:?}")));
    }
    context.budget.charge(8 * count)?;
    Ok(Arc::new(Moved(Split {
        name: "UNPACK",
        data: 0,
        axis,
        sizes: vec![1; count],
        unpacks: true,
        consecutive: consecutive(shape, axis),
    })))
}

impl Movement for Split {
    fn name(&self) -> &'static str {
        self.name
    }

    fn data(&self, _inputs: usize) -> Range<usize> {
        self.data..self.data + 1
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let part = |&size: &usize| {
            let mut shape = inputs[0].to_vec();
            if self.unpacks {
                shape.remove(self.axis);
            } else {
                shape[self.axis] = size;
            }
            shape
        };
        Ok(self.sizes.iter().map(part).collect())
    }

    fn mixes_batch(&self) -> bool {
        self.axis == 0
    }

    fn splits(&self) -> Option<usize> {
        self.consecutive.then_some(self.data)
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        let outer = inputs[0].shape[..self.axis].iter().product();
        let mut parts: Vec<&mut [T]> = outputs.iter_mut().map(|output| &mut output.values[..]).collect();
        split(outer, &inputs[0].values, &mut parts);
    }

    fn parts(&self, inputs: &[&[usize]], _outputs: &[&[usize]]) -> Vec<Part> {
        let shape = inputs[0];
        let inner = strides(shape);
        let mut start = 0;
        let part = |(output, &size): (usize, &usize)| {
            let mut sizes = shape.to_vec();
            sizes[self.axis] = size;
            let to = strides(&sizes);
            let axis = |axis: usize| {
                let before = if axis == self.axis { start } else { 0 };
                let offsets = (before..before + sizes[axis]).map(|at| Some(at * inner[axis])).collect();
                PartAxis { stride: to[axis], offsets }
            };
            let axes = (0..shape.len()).map(axis).collect();
            start += size;
            Part { input: 0, output, first: 0, axes }
        };
        self.sizes.iter().enumerate().map(part).collect()
    }
}
