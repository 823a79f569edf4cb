//! QUANTIZE: float32 to a quantized type, or one quantized type to another.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_kernels::convert::{self, QuantizeSpec};
use ottava_ref::Quantized;
use ottava_ref::ops::quantize::{QuantizeParams, quantize, quantize_per_channel};
use ottava_ref::ops::requantize::{RequantizeParams, requantize};
use ottava_ref::scales;

use super::channels::Channels;
use super::lookup::{is_identity, lower_by_table};
use super::types::{EIGHT_BIT, QUANTIZED};
use super::unary::{affine_ends, map};
use super::view::{input, only_output, with_quantized};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::Result;
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

/// Conversion to a quantized type.
#[derive(Clone, Debug)]
pub(crate) enum Quantize {
    /// From float32.
    Real(QuantizeParams),
    /// From float32 to several scales.
    RealChannels(Vec<QuantizeParams>, Channels),
    /// From another scale, zero point or type.
    Stored(RequantizeParams),
}

/// All but int16 to uint8, which the oracle does not have.
pub(crate) fn types(types: &TypeList) -> bool {
    let from_int16 = types.input_is(0, &[DType::I16]) && types.output_is(&[DType::I8, DType::I16]);
    let from_others = types.input_is(0, &[DType::F32, DType::I8, DType::U8]) && types.output_is(&QUANTIZED);
    from_int16 || from_others
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let (from, output) = (context.input(0)?.dtype, context.output()?);
    if from == DType::F32 {
        if let Some(channels) = Channels::of(context, output)? {
            let params = channels.values.iter().map(|it| QuantizeParams { scale: it.scale, zero_point: it.zero_point });
            return Ok(Arc::new(Quantize::RealChannels(params.collect(), channels)));
        }
        let output = context.output_quantization()?;
        let params = QuantizeParams { scale: output.scale, zero_point: output.zero_point };
        return Ok(Arc::new(Quantize::Real(params)));
    }
    if [from, output.dtype] == [DType::I16; 2] {
        affine_ends(context)?;
    }
    let (input, output) = (context.quantization(context.inputs[0])?, context.output_quantization()?);
    Ok(Arc::new(Quantize::Stored(RequantizeParams {
        input_zero_point: input.zero_point,
        multiplier: scales::rescale(input.scale, output.scale)?,
        output_zero_point: output.zero_point,
    })))
}

impl Quantize {
    fn evaluate<Y: Quantized + Pod>(&self, x: &TensorView<'_>, output: &mut TensorViewMut<'_>) -> Result<()> {
        match self {
            Self::Real(params) => map::<f32, Y>(x, output, |x, y| quantize(params, x, y)),
            Self::RealChannels(params, channels) => {
                let inner = channels.inner(x.shape);
                map::<f32, Y>(x, output, |x, y| quantize_per_channel(params, inner, x, y))
            }
            Self::Stored(params) => {
                with_quantized!(x.dtype, X => map::<X, Y>(x, output, |x, y| requantize(params, x, y)))
            }
        }
    }
}

impl Operator for Quantize {
    fn name(&self) -> &'static str {
        "QUANTIZE"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        if let Self::RealChannels(_, channels) = self {
            channels.check(shape)?;
        }
        Ok(vec![shape.to_vec()])
    }

    fn mixes_batch(&self) -> bool {
        matches!(self, Self::RealChannels(_, channels) if channels.along_batch())
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        with_quantized!(output.dtype, Y => self.evaluate::<Y>(&x, output))
    }
}

impl Lower for Quantize {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let params = match self {
            Self::Stored(_) => return lower_by_table(self, lowering, node),
            Self::RealChannels(..) => return Ok(None),
            Self::Real(params) => params,
        };
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        let is_8_bit = EIGHT_BIT.contains(&lowering.tensor(output).dtype);
        if !is_8_bit || !lowering.suits_kernels(node, 1) || !lowering.is_dense(output) {
            return Ok(None);
        }
        let spec = QuantizeSpec {
            elements: lowering.tensor(output).element_count(),
            scale: params.scale,
            zero: params.zero_point,
            file_is_signed: lowering.is_signed(output),
            threads: lowering.threads,
        };
        let layer = Box::new(convert::prepare_quantize(lowering.isa, &spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn keeps_bytes(&self, types: [DType; 2], xor_masks: [u8; 2]) -> bool {
        matches!(self, Self::Stored(_)) && is_identity(self, types, xor_masks)
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
