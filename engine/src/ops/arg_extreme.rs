//! ARG_MAX and ARG_MIN: where along an axis the largest or smallest element is.

use std::sync::Arc;

use ottava_kernels::arg_extreme::{self, ArgExtremeSpec};
use ottava_ref::ops::arg_min_max::{Extreme, arg_min_max};

use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// The index of the first extreme element.
#[derive(Clone, Debug)]
pub(crate) struct ArgExtreme {
    extreme: Extreme,
    axis: usize,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.input_is(0, &[DType::I8, DType::U8, DType::F32, DType::I32, DType::Bool])
        && types.input_is(1, &[DType::I32, DType::I64])
        && types.output_is(&[DType::I32, DType::I64])
}

pub(crate) fn import_max(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ArgMaxOptions(options) => Some(options),
        _ => None,
    })?;
    import(context, Extreme::Max, options.map(|options| options.output_type()).transpose()?)
}

pub(crate) fn import_min(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ArgMinOptions(options) => Some(options),
        _ => None,
    })?;
    import(context, Extreme::Min, options.map(|options| options.output_type()).transpose()?)
}

fn import(context: &ImportContext<'_>, extreme: Extreme, output_type: Option<i8>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let dtype = context.output()?.dtype;
    if let Some(code) = output_type.filter(|&code| DType::from_code(code) != dtype) {
        return Err(Error::invalid(format!(
            "the option output_type is {}, the output {dtype}",
            DType::from_code(code)
        )));
    }
    let axes = context.integers(1)?;
    let &[axis] = &axes[..] else { return Err(Error::invalid(format!("{} axes, one expected", axes.len()))) };
    let axis = context.axis(axis, context.input(0)?.shape.len())?;
    Ok(Arc::new(ArgExtreme { extreme, axis }))
}

impl Operator for ArgExtreme {
    fn name(&self) -> &'static str {
        match self.extreme {
            Extreme::Max => "ARG_MAX",
            Extreme::Min => "ARG_MIN",
        }
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let mut shape = shape_of(inputs, 0)?.to_vec();
        if self.axis >= shape.len() || shape[self.axis] == 0 {
            return Err(Error::invalid(format!("no element along axis {} of {shape:?}", self.axis)));
        }
        shape.remove(self.axis);
        Ok(vec![shape])
    }

    fn mixes_batch(&self) -> bool {
        self.axis == 0
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let axis = [x.shape[self.axis], x.shape[self.axis + 1..].iter().product()];
        let mut found = vec![0; output.shape.iter().product()];
        match x.dtype {
            DType::I8 => arg_min_max::<i8>(self.extreme, axis, x.bytes_as()?, &mut found),
            DType::U8 | DType::Bool => arg_min_max(self.extreme, axis, x.bytes, &mut found),
            DType::F32 => arg_min_max(self.extreme, axis, &x.values::<f32>(), &mut found),
            DType::I32 => arg_min_max(self.extreme, axis, &x.values::<i32>(), &mut found),
            other => return Err(Error::internal(format!("elements of {other}"))),
        }
        match output.dtype {
            DType::I64 => output.store(&found),
            _ => output.store(&found.iter().map(|&index| index as i32).collect::<Vec<_>>()),
        }
    }
}

impl Lower for ArgExtreme {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        let [from, to] = lowering.types([source, output]);
        let rank = lowering.tensor(source).shape.len();
        if self.axis + 1 != rank
            || !matches!(from, DType::I8 | DType::U8)
            || !lowering.suits_kernels(node, 1)
            || !lowering.is_dense(output)
        {
            return Ok(None);
        }
        let image = lowering.image(source);
        let spec = ArgExtremeSpec {
            rows: image.pixels(),
            depth: image.channels,
            input_stride: image.pixel_stride,
            smallest: self.extreme == Extreme::Min,
            index_bytes: to.size_bytes(),
            threads: lowering.threads,
        };
        let layer = Box::new(arg_extreme::prepare(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
