//! DEQUANTIZE: 8 bits to float32.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::convert::{self, DequantizeSpec};
use ottava_ref::ops::dequantize::{DequantizeParams, dequantize};

use super::types::EIGHT_BIT;
use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::Result;
use crate::graph::DType;
use crate::optimize::{Lower, Lowered, Lowering, Member};

/// Stored values to real ones.
#[derive(Clone, Debug)]
pub(crate) struct Dequantize {
    pub(crate) params: DequantizeParams,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.input_is(0, &EIGHT_BIT) && types.output_is(&[DType::F32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let input = context.quantization(context.inputs[0])?;
    Ok(Arc::new(Dequantize { params: DequantizeParams { scale: input.scale, zero_point: input.zero_point } }))
}

impl Operator for Dequantize {
    fn name(&self) -> &'static str {
        "DEQUANTIZE"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![shape_of(inputs, 0)?.to_vec()])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let mut values = vec![0.0; x.bytes.len()];
        with_8_bit!(x.dtype, T => {
            dequantize::<T>(&self.params, x.bytes_as()?, &mut values);
            output.store(&values)?;
            Ok(())
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for Dequantize {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(source), output) = (member.inputs[0], member.outputs[0]) else { return Ok(None) };
        if !lowering.suits_kernels(member, 1) {
            return Ok(None);
        }
        let bytes = lowering.table(self, source, output)?;
        let mut table = [0.0; 256];
        for (value, bytes) in table.iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
        }
        let image = lowering.image(source);
        let layer = convert::prepare_dequantize(&DequantizeSpec {
            pixels: image.pixels(),
            channels: image.channels,
            pixel_stride: image.pixel_stride,
            table: &table,
            threads: lowering.threads,
        });
        Ok(Some(Lowered { layer: Box::new(layer), inputs: vec![source], outputs: vec![output], note: None }))
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
