//! MEAN over constant axes.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::Image;
use ottava_kernels::mean::{self, MeanSpec};
use ottava_ref::ops::mean::{MeanParams, divide_multiplier, mean};
use ottava_ref::ops::reduction::reduced_dimensions;
use ottava_ref::{Multiplier, scales};

use super::view::{input, only_output, with_quantized};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::graph::DType;
use crate::optimize::{Lower, Lowered, Lowering, Member};
use crate::schema::BuiltinOptionsRef;

/// Mean over some dimensions. Always requantizes, even between equal scales.
#[derive(Clone, Debug)]
pub(crate) struct Mean {
    /// For each dimension of the input whether it is reduced.
    pub(crate) reduced: Vec<bool>,
    /// Whether reduced dimensions stay, with size 1.
    pub(crate) keep_dimensions: bool,
    pub(crate) input_zero_point: i32,
    /// Input over output scale; the reference divides its mantissa by the element count.
    pub(crate) multiplier: Multiplier,
    pub(crate) output_zero_point: i32,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_8_bit_type(1) && types.input_is(1, &[DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ReducerOptions(options) => Some(options),
        _ => None,
    })?;
    let keep_dimensions = options.map(|options| options.keep_dims()).transpose()?.unwrap_or(false);
    // The types were checked: axes are i32.
    let axes: Vec<i32> = context.integers(1)?.into_iter().map(|axis| axis as i32).collect();
    let rank = context.input(0)?.shape.len();
    let reduced = reduced_dimensions(&axes, rank)
        .ok_or_else(|| Error::invalid(format!("axes {axes:?} of a tensor with {rank} dimensions")))?;
    let (input, output) = (context.quantization(context.inputs[0])?, context.output_quantization()?);
    Ok(Arc::new(Mean {
        reduced,
        keep_dimensions,
        input_zero_point: input.zero_point,
        multiplier: scales::rescale(input.scale, output.scale)?,
        output_zero_point: output.zero_point,
    }))
}

impl Operator for Mean {
    fn name(&self) -> &'static str {
        "MEAN"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        let kept =
            shape.iter().zip(&self.reduced).filter_map(|(&size, &reduced)| match (reduced, self.keep_dimensions) {
                (false, _) => Some(size),
                (true, true) => Some(1),
                (true, false) => None,
            });
        Ok(vec![kept.collect()])
    }

    fn mixes_batch(&self) -> bool {
        self.reduced.first() == Some(&true)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let params = MeanParams {
            input_shape: x.shape,
            reduced: &self.reduced,
            input_zero_point: self.input_zero_point,
            multiplier: self.multiplier,
            output_zero_point: self.output_zero_point,
        };
        with_quantized!(x.dtype, T => {
            mean::<T>(&params, x.bytes_as()?, output.bytes_as_mut()?);
            Ok(())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for Mean {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(source), output) = (member.inputs[0], member.outputs[0]) else { return Ok(None) };
        let shape = &lowering.tensor(source).shape;
        let (first, end) = (self.reduced.iter().position(|&it| it), self.reduced.iter().rposition(|&it| it));
        let (Some(first), Some(last)) = (first, end) else { return Ok(None) };
        let neighbours = self.reduced[first..=last].iter().all(|&reduced| reduced);
        if !neighbours || !lowering.suits_kernels(member, 1) || !lowering.is_dense(output) {
            return Ok(None);
        }
        let product = |sizes: &[usize]| sizes.iter().product::<usize>();
        let count = product(&shape[first..=last]);
        let channels = product(&shape[last + 1..]);
        let (by, offset) = (divide_multiplier(self.multiplier, count as u64), lowering.offset(output));
        let (lo, hi) = lowering.isa.storage().range();
        let spec = MeanSpec {
            input: Image::dense(product(&shape[..first]), 1, count, channels),
            input_zero: self.input_zero_point + lowering.offset(source),
            multiplier: (by.mantissa, by.shift),
            output_zero: self.output_zero_point + offset,
            output_min: lo,
            output_max: hi,
            output_offset: offset,
            output_stride: channels,
            threads: lowering.threads,
        };
        let layer = Box::new(mean::prepare(lowering.isa, &spec));
        Ok(Some(Lowered { layer, inputs: vec![source], outputs: vec![output], note: None }))
    }
}
