//! QUANTIZE: float32 to 8 bits, or 8 bits to other 8 bits.

use std::any::Any;
use std::sync::Arc;

use ottava_kernels::Layer;
use ottava_kernels::convert::{self, QuantizeSpec};
use ottava_kernels::lut::{self, LutSpec};
use ottava_ref::ops::quantize::{QuantizeParams, quantize};
use ottava_ref::ops::requantize::{RequantizeParams, requantize};
use ottava_ref::scales;

use super::types::EIGHT_BIT;
use super::view::{input, only_output, with_8_bit};
use super::{ImportContext, InputShapes, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::graph::DType;
use crate::optimize::{Lower, Lowered, Lowering, Member, table};

/// Conversion to an 8-bit type.
#[derive(Clone, Debug)]
pub(crate) enum Quantize {
    /// From float32.
    Real(QuantizeParams),
    /// From another 8-bit scale, zero point or type.
    Stored(RequantizeParams),
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.input_is(0, &[DType::F32, DType::I8, DType::U8]) && types.output_is(&EIGHT_BIT)
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let output = context.output_quantization()?;
    if context.input(0)?.dtype == DType::F32 {
        let params = QuantizeParams { scale: output.scale, zero_point: output.zero_point };
        return Ok(Arc::new(Quantize::Real(params)));
    }
    let input = context.quantization(context.inputs[0])?;
    Ok(Arc::new(Quantize::Stored(RequantizeParams {
        input_zero_point: input.zero_point,
        multiplier: scales::rescale(input.scale, output.scale)?,
        output_zero_point: output.zero_point,
    })))
}

impl Operator for Quantize {
    fn name(&self) -> &'static str {
        "QUANTIZE"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![shape_of(inputs, 0)?.to_vec()])
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        with_8_bit!(output.dtype, Y => match self {
            Self::Real(params) => {
                quantize::<Y>(params, &x.values(), output.bytes_as_mut()?);
                Ok(())
            }
            Self::Stored(params) => with_8_bit!(x.dtype, X => {
                requantize::<X, Y>(params, x.bytes_as()?, output.bytes_as_mut()?);
                Ok(())
            }),
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Lower for Quantize {
    fn lower(&self, lowering: &Lowering<'_>, members: &[Member]) -> Result<Option<Lowered>> {
        let member = &members[0];
        let (Some(source), output) = (member.inputs[0], member.outputs[0]) else { return Ok(None) };
        if !lowering.suits_kernels(member, 1) {
            return Ok(None);
        }
        let layer: Box<dyn Layer> = match self {
            Self::Real(params) => {
                if !lowering.is_dense(output) {
                    return Ok(None);
                }
                let spec = QuantizeSpec {
                    elements: lowering.tensor(output).element_count(),
                    scale: params.scale,
                    zero: params.zero_point,
                    file_is_signed: lowering.is_signed(output),
                    threads: lowering.threads,
                };
                Box::new(convert::prepare_quantize(lowering.isa, &spec))
            }
            Self::Stored(_) => {
                let table = lowering.table(self, source, output)?;
                let table = table.as_slice().try_into().map_err(|_| Error::internal("a table of 256 bytes"))?;
                let shape = lowering.strided(source, output);
                Box::new(lut::prepare(&LutSpec { table, shape, threads: lowering.threads }))
            }
        };
        Ok(Some(Lowered { layer, inputs: vec![source], outputs: vec![output], note: None }))
    }

    fn keeps_bytes(&self, types: [DType; 2], xor_masks: [u8; 2]) -> bool {
        let identity = |bytes: Vec<u8>| bytes.iter().enumerate().all(|(stored, &byte)| usize::from(byte) == stored);
        matches!(self, Self::Stored(_)) && table(self, types, xor_masks).is_ok_and(identity)
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
