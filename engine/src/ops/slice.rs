//! SLICE, STRIDED_SLICE and REVERSE_V2 with constant operands: elements of each dimension at a constant distance.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::slice::{ResolvedSlice, SliceAxis, StridedSliceParams, slice};

use super::movement::{Elements, Moved, Movement, Part, offsets, strides};
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// What is taken of each dimension, resolved for the input's shape.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    name: &'static str,
    /// The input's shape.
    input: Vec<usize>,
    taken: ResolvedSlice,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && (1..=3).all(|index| types.input_is(index, &[DType::I32, DType::I64]))
}

/// Of a network that runs with another batch than the file's: what took all of the file's batch takes all of this one.
fn rebatch(context: &ImportContext<'_>, resolve: impl Fn(&[usize]) -> Result<ResolvedSlice>) -> Result<ResolvedSlice> {
    let (shape, declared) = (&context.input(0)?.shape, context.declared_shape(0)?);
    let (Some(&batch), Some(&old)) = (shape.first(), declared.first()) else { return resolve(shape) };
    let inside = [&[old], &shape[1..]].concat();
    let mut taken = resolve(&inside)?;
    if batch == old || taken.axes[0] != SliceAxis::all(old) || taken.shape.first() != Some(&old) {
        return resolve(shape);
    }
    (taken.axes[0], taken.shape[0]) = (SliceAxis::all(batch), batch);
    Ok(taken)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(3, 3)?;
    let (begin, size) = (context.integers(1)?, context.integers(2)?);
    let resolve = |shape: &[usize]| {
        let axis = |((&begin, &size), &whole): ((&i64, &i64), &usize)| {
            let start = usize::try_from(begin).ok().filter(|&start| start <= whole)?;
            let rest = whole - start;
            let count = if size == -1 { rest } else { usize::try_from(size).ok().filter(|&count| count <= rest)? };
            Some(SliceAxis { start, step: 1, count })
        };
        let axes: Option<Vec<_>> = begin.iter().zip(&size).zip(shape).map(axis).collect();
        let axes =
            axes.filter(|axes| axes.len() == shape.len() && size.len() == begin.len() && begin.len() == shape.len());
        let axes = axes.ok_or_else(|| {
            Error::invalid(format!("begin {begin:?} and size {size:?} do not lie inside the shape {shape:?}"))
        })?;
        Ok(ResolvedSlice { shape: axes.iter().map(|axis| axis.count).collect(), axes })
    };
    let taken = rebatch(context, resolve)?;
    Ok(Arc::new(Moved(Slice { name: "SLICE", input: context.input(0)?.shape.clone(), taken })))
}

pub(crate) fn import_strided(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(4, 4)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::StridedSliceOptions(options) => Some(options),
        _ => None,
    })?;
    let mut params = StridedSliceParams {
        begin: context.integers(1)?,
        end: context.integers(2)?,
        strides: context.integers(3)?,
        ..StridedSliceParams::default()
    };
    if let Some(options) = options {
        params.begin_mask = options.begin_mask()? as u32;
        params.end_mask = options.end_mask()? as u32;
        params.ellipsis_mask = options.ellipsis_mask()? as u32;
        params.new_axis_mask = options.new_axis_mask()? as u32;
        params.shrink_axis_mask = options.shrink_axis_mask()? as u32;
        params.offset = options.offset()?;
    }
    let resolve = |shape: &[usize]| {
        let taken = params.resolve(shape);
        taken.ok_or_else(|| Error::invalid(format!("{params:?} do not fit the shape {shape:?}")))
    };
    let taken = rebatch(context, resolve)?;
    Ok(Arc::new(Moved(Slice { name: "STRIDED_SLICE", input: context.input(0)?.shape.clone(), taken })))
}

pub(crate) fn import_reverse(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let shape = &context.input(0)?.shape;
    let mut axes: Vec<SliceAxis> = shape.iter().map(|&size| SliceAxis::all(size)).collect();
    for axis in context.integers(1)? {
        let axis = context.axis(axis, shape.len())?;
        axes[axis] = SliceAxis { start: shape[axis].saturating_sub(1), step: -1, count: shape[axis] };
    }
    let taken = ResolvedSlice { axes, shape: shape.clone() };
    Ok(Arc::new(Moved(Slice { name: "REVERSE_V2", input: shape.clone(), taken })))
}

impl Movement for Slice {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        if inputs[0] != self.input {
            return Err(Error::internal(format!("a slice of {:?} on {:?}", self.input, inputs[0])));
        }
        Ok(vec![self.taken.shape.clone()])
    }

    fn mixes_batch(&self) -> bool {
        self.taken.axes.first().zip(self.input.first()).is_some_and(|(axis, &batch)| *axis != SliceAxis::all(batch))
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        slice(inputs[0].shape, &self.taken.axes, &inputs[0].values, &mut outputs[0].values);
    }

    fn parts(&self, inputs: &[&[usize]], _outputs: &[&[usize]]) -> Vec<Part> {
        let axis = |(axis, stride): (&SliceAxis, usize)| offsets(stride, (0..axis.count).map(|at| axis.source(at)));
        vec![Part::whole(self.taken.axes.iter().zip(strides(inputs[0])).map(axis).collect())]
    }

    fn keeps_elements(&self) -> bool {
        self.taken.axes.iter().zip(&self.input).all(|(axis, &size)| *axis == SliceAxis::all(size))
    }
}
