//! DEQUANTIZE: a quantized type or float16 to float32.

use std::sync::Arc;

use half::f16;
use ottava_kernels::convert::{self, DequantizeSpec};
use ottava_ref::ops::dequantize::{DequantizeParams, dequantize, dequantize_per_channel};

use super::channels::Channels;
use super::lookup::{lower_by_table, stored_table};
use super::types::EIGHT_BIT;
use super::unary::map;
use super::view::{input, only_output, with_8_bit, with_quantized};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList, shape_of};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::tensor::DType;

/// Stored values to real ones.
#[derive(Clone, Debug)]
pub(crate) enum Dequantize {
    /// Of one scale.
    Stored(DequantizeParams),
    /// Of several scales.
    Channels(Vec<DequantizeParams>, Channels),
    /// Floats of 16 bits.
    Half,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.input_is(0, &[DType::I8, DType::U8, DType::I16, DType::F16]) && types.output_is(&[DType::F32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let source = context.input(0)?;
    if source.dtype == DType::F16 {
        return Ok(Arc::new(Dequantize::Half));
    }
    if EIGHT_BIT.contains(&source.dtype)
        && let Some(channels) = Channels::of(context, source)?
    {
        let params = channels.values.iter().map(|it| DequantizeParams { scale: it.scale, zero_point: it.zero_point });
        return Ok(Arc::new(Dequantize::Channels(params.collect(), channels)));
    }
    let input = context.quantization(context.inputs[0])?;
    if source.dtype == DType::I16 && input.zero_point != 0 {
        return Err(Error::invalid(format!("the int16 input has zero point {}, 0 expected", input.zero_point)));
    }
    Ok(Arc::new(Dequantize::Stored(DequantizeParams { scale: input.scale, zero_point: input.zero_point })))
}

impl Operator for Dequantize {
    fn name(&self) -> &'static str {
        "DEQUANTIZE"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let shape = shape_of(inputs, 0)?;
        if let Self::Channels(_, channels) = self {
            channels.check(shape)?;
        }
        Ok(vec![shape.to_vec()])
    }

    fn mixes_batch(&self) -> bool {
        matches!(self, Self::Channels(_, channels) if channels.along_batch())
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        match self {
            Self::Stored(params) => {
                with_quantized!(x.dtype, T => map::<T, f32>(&x, output, |x, y| dequantize(params, x, y)))
            }
            Self::Channels(params, channels) => {
                let inner = channels.inner(x.shape);
                with_8_bit!(x.dtype, T => {
                    map::<T, f32>(&x, output, |x, y| dequantize_per_channel(params, inner, x, y))
                })
            }
            Self::Half => map::<f16, f32>(&x, output, |x, y| y.iter_mut().zip(x).for_each(|(y, x)| *y = x.to_f32())),
        }
    }
}

impl Lower for Dequantize {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        if !matches!(self, Self::Stored(_)) || !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        if lowering.tensor(source).dtype == DType::I16 {
            return lower_by_table(self, lowering, node);
        }
        let bytes = stored_table(self, lowering, [source, output])?;
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
        Ok(Some(Lowered::one(Box::new(layer), vec![source], vec![output])))
    }

    fn widens(&self) -> bool {
        matches!(self, Self::Half)
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
