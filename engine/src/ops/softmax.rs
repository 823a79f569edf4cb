//! SOFTMAX over the last dimension, in fixed point.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::softmax::{self, SoftmaxSpec};
use ottava_ref::ops::softmax::{SoftmaxParams, softmax};

use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::graph::DType;
use crate::optimize::{Lower, Lowered, Lowering, Member};
use crate::schema::BuiltinOptionsRef;

/// The sum of so many exponentials of 0 would not fit the reference's 32 bits.
const MAX_DEPTH: usize = 4095;

/// Softmax over rows of `depth` elements.
#[derive(Clone, Debug)]
pub(crate) struct Softmax {
    pub(crate) depth: usize,
    pub(crate) params: SoftmaxParams,
    rank: usize,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_8_bit_type(1)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SoftmaxOptions(options) => Some(options),
        _ => None,
    })?;
    let beta = options.map(|options| options.beta()).transpose()?.unwrap_or(0.0);
    if !beta.is_finite() {
        return Err(Error::invalid(format!("beta is {beta}")));
    }
    let shape = &context.input(0)?.shape;
    let depth = *shape.last().ok_or_else(|| Error::invalid("softmax of a scalar"))?;
    if depth > MAX_DEPTH {
        return Err(Error::unsupported(format!("rows of {depth} elements; at most {MAX_DEPTH} are exact")));
    }
    let (input, output) = (context.quantization(context.inputs[0])?, context.output_quantization()?);
    let unit = 1.0_f32 / 256.0;
    if context.output()?.dtype == DType::I8 && (output.zero_point != -128 || (output.scale - unit).abs() > 0.001 * unit)
    {
        return Err(Error::invalid(format!(
            "the int8 output has scale {} and zero point {}; 1/256 and -128 expected",
            output.scale, output.zero_point
        )));
    }
    let params = SoftmaxParams::new(beta, input.scale)?;
    Ok(Arc::new(Softmax { depth, params, rank: shape.len() }))
}

impl Operator for Softmax {
    fn name(&self) -> &'static str {
        "SOFTMAX"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![shape_of(inputs, 0)?.to_vec()])
    }

    fn mixes_batch(&self) -> bool {
        self.rank == 1
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        with_8_bit!(x.dtype, T => {
            softmax::<T, T>(&self.params, self.depth, x.bytes_as()?, output.bytes_as_mut()?);
            Ok(())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for Softmax {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(source), output) = (member.inputs[0], member.outputs[0]) else { return Ok(None) };
        if !lowering.suits_kernels(member, 1) {
            return Ok(None);
        }
        let strided = lowering.strided(source, output);
        let layer = softmax::prepare(&SoftmaxSpec {
            rows: strided.pixels,
            depth: strided.channels,
            input_stride: strided.input_strides[0],
            output_stride: strided.output_stride,
            exponentials: &self.params.exponentials(),
            storage: lowering.isa.storage(),
            threads: lowering.threads,
        });
        Ok(Some(Lowered { layer: Box::new(layer), inputs: vec![source], outputs: vec![output], note: None }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
