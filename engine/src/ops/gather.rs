//! GATHER and GATHER_ND: elements selected by indices, which may be computed.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::gather::{GatherParams, gather, gather_nd};

use super::movement::{LARGEST, Part, integers, lower_parts, offsets};
use super::view::{input, only_output, with_size};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A selection by indices.
#[derive(Clone, Debug)]
pub(crate) struct Gather {
    kind: Kind,
    mixes_batch: bool,
    /// Constant indices, all in range, of a plain selection along one axis.
    fixed: Option<Vec<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Along one axis, separately for each index of the leading dimensions.
    Axis { axis: usize, batch_dims: usize },
    /// By coordinates.
    Coordinates,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I16, DType::I32, DType::I64])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::GatherOptions(options) => Some(options),
        _ => None,
    })?;
    let (axis, batch_dims) = match options {
        Some(options) => (options.axis()?, options.batch_dims()?),
        None => (0, 0),
    };
    let (shape, indices) = (&context.input(0)?.shape, &context.input(1)?.shape);
    let axis = context.axis(i64::from(axis), shape.len())?;
    let counted = if batch_dims < 0 { i64::from(batch_dims) + indices.len() as i64 } else { i64::from(batch_dims) };
    let batch_dims = usize::try_from(counted)
        .ok()
        .filter(|&count| count <= axis && count <= indices.len() && shape[..count] == indices[..count]);
    let batch_dims = batch_dims.ok_or_else(|| {
        Error::invalid(format!("{counted} batch dimensions before axis {axis} of {shape:?} and {indices:?}"))
    })?;
    let constant = context.constant_or_none(1).is_some();
    let fixed = if constant && batch_dims == 0 && context.input(1)?.dtype != DType::I16 {
        Some(in_range(&integers(context, 1)?, shape[axis])?)
    } else {
        None
    };
    let table = axis == 0 && context.constant_or_none(0).is_some();
    let mixes_batch = !(batch_dims > 0 || table || (axis > 0 && constant));
    Ok(Arc::new(Gather { kind: Kind::Axis { axis, batch_dims }, mixes_batch, fixed }))
}

/// Constant indices along a dimension.
fn in_range(indices: &[i64], size: usize) -> Result<Vec<usize>> {
    let index = |&index: &i64| {
        let inside = usize::try_from(index).ok().filter(|&inside| inside < size);
        inside.ok_or_else(|| ottava_ref::Error::IndexOutOfRange { index, size }.into())
    };
    indices.iter().map(index).collect()
}

pub(crate) fn import_nd(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let (shape, indices) = (&context.input(0)?.shape, &context.input(1)?.shape);
    if indices.last().is_none_or(|&depth| depth > shape.len()) {
        return Err(Error::invalid(format!("indices of shape {indices:?} into {shape:?}")));
    }
    let mixes_batch = context.constant_or_none(0).is_none();
    Ok(Arc::new(Gather { kind: Kind::Coordinates, mixes_batch, fixed: None }))
}

impl Gather {
    fn evaluate<T: Pod>(&self, [x, y]: [&TensorView<'_>; 2], output: &mut TensorViewMut<'_>) -> Result<()> {
        let indices: Vec<i64> = match y.dtype {
            DType::I16 => y.values::<i16>().into_iter().map(i64::from).collect(),
            DType::I32 => y.values::<i32>().into_iter().map(i64::from).collect(),
            _ => y.values(),
        };
        let mut values = output.zeros::<T>();
        match self.kind {
            Kind::Axis { axis, batch_dims } => {
                let params = GatherParams { input_shape: x.shape, indices_shape: y.shape, axis, batch_dims };
                gather(&params, &x.values(), &indices, &mut values)?;
            }
            Kind::Coordinates => {
                let depth = y.shape.last().copied().unwrap_or(0);
                gather_nd(x.shape, depth, &x.values(), &indices, &mut values)?;
            }
        }
        output.store(&values)
    }
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Axis { .. } => "GATHER",
            Kind::Coordinates => "GATHER_ND",
        }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let (shape, indices) = (shape_of(inputs, 0)?, shape_of(inputs, 1)?);
        Ok(vec![match self.kind {
            Kind::Axis { axis, batch_dims } => [&shape[..axis], &indices[batch_dims..], &shape[axis + 1..]].concat(),
            Kind::Coordinates => {
                let (depth, outer) = indices.split_last().ok_or_else(|| Error::invalid("the indices are a scalar"))?;
                [outer, &shape[*depth..]].concat()
            }
        }])
    }

    fn mixes_batch(&self) -> bool {
        self.mixes_batch
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, y, output) = (input(inputs, 0)?, input(inputs, 1)?, only_output(outputs)?);
        with_size!(x.dtype.size_bytes(), T => self.evaluate::<T>([&x, &y], output))
    }
}

impl Lower for Gather {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), Kind::Axis { axis, .. }, Some(fixed)) = (node.inputs[0], self.kind, &self.fixed) else {
            return Ok(None);
        };
        let shape = &lowering.tensor(source).shape;
        let inner: usize = shape[axis + 1..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        let parts = || {
            vec![Part::whole(vec![
                offsets(inner * shape[axis], 0..outer),
                offsets(inner, fixed.iter().copied()),
                offsets(1, 0..inner),
            ])]
        };
        if inner.max(outer).max(fixed.len()) > LARGEST
            || !lowering.is_dense(source)
            || !lowering.is_dense(node.outputs[0])
        {
            return Ok(None);
        }
        lower_parts(lowering, (&[source], &node.outputs), parts, [0; 8])
    }
}
