//! PAD with constant paddings: the border holds the output's zero point.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::copy::{self, PadSpec};
use ottava_ref::ops::pad::{PadParams, pad};

use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::graph::{DType, MAX_TENSOR_BYTES};
use crate::optimize::{Lower, Lowered, Lowering, Member};

/// A border around a tensor; stored values are copied as they are.
#[derive(Clone, Debug)]
pub(crate) struct Pad {
    /// Elements before and after each dimension.
    pub(crate) paddings: Vec<[usize; 2]>,
    /// What the border holds, as a value of the file's type.
    pub(crate) output_zero_point: i32,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_8_bit_type(1) && types.input_is(1, &[DType::I32, DType::I64])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let rank = context.input(0)?.shape.len();
    let shape = &context.input(1)?.shape;
    if *shape != [rank, 2] {
        return Err(Error::invalid(format!("paddings of shape {shape:?} for a tensor with {rank} dimensions")));
    }
    let sizes = context.integers(1)?;
    let size = |size: i64| usize::try_from(size).ok().filter(|&size| size <= MAX_TENSOR_BYTES);
    let pair = |[before, after]: &[i64; 2]| Some([size(*before)?, size(*after)?]);
    let paddings = sizes.as_chunks().0.iter().map(pair).collect::<Option<_>>();
    let paddings = paddings.ok_or_else(|| Error::invalid(format!("paddings {sizes:?} are negative or too large")))?;
    context.quantization(context.inputs[0])?;
    Ok(Arc::new(Pad { paddings, output_zero_point: context.output_quantization()?.zero_point }))
}

impl Operator for Pad {
    fn name(&self) -> &'static str {
        "PAD"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        Ok(vec![shape.iter().zip(&self.paddings).map(|(size, [before, after])| before + size + after).collect()])
    }

    fn mixes_batch(&self) -> bool {
        self.paddings.first().is_some_and(|padding| *padding != [0, 0])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        // The low byte is the stored value in either 8-bit type.
        let fill = self.output_zero_point as u8;
        pad(&PadParams { input_shape: x.shape, paddings: &self.paddings, fill }, x.bytes, output.bytes);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for Pad {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(source), output) = (member.inputs[0], member.outputs[0]) else { return Ok(None) };
        let Ok(padding) = <[[usize; 2]; 4]>::try_from(self.paddings.as_slice()) else { return Ok(None) };
        if !lowering.suits_kernels(member, 1) {
            return Ok(None);
        }
        let spec = PadSpec {
            input: lowering.image(source),
            padding,
            fill: self.output_zero_point as u8 ^ lowering.xor_mask(lowering.tensor(output).dtype),
            pixel_stride: lowering.image(output).pixel_stride,
            threads: lowering.threads,
        };
        let layer = Box::new(copy::prepare_pad(&spec));
        Ok(Some(Lowered { layer, inputs: vec![source], outputs: vec![output], note: None }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
