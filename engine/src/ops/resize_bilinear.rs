//! RESIZE_BILINEAR: uint8 and float32 in floats, int8 and int16 in integers.

use std::sync::Arc;

use ottava_kernels::resize::{self, ResizeSpec, Sample, Samples};
use ottava_ref::ops::resize_bilinear::{
    Sample as RefSample, resize_bilinear_f32, resize_bilinear_fixed, resize_bilinear_u8,
};

use super::resize::{MAX_SIDE, Resize};
use super::view::{input, only_output};
use super::{ImportContext, InputShapes, Lower, Operator, TensorView, TensorViewMut, TypeList};
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, NodeTensors};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A resizing that mixes four pixels.
#[derive(Clone, Debug)]
pub(crate) struct ResizeBilinear(Resize);

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_type(1, &[DType::I8, DType::U8, DType::I16, DType::F32]) && types.input_is(1, &[DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ResizeBilinearOptions(options) => Some(options),
        _ => None,
    })?;
    let flags = match options {
        Some(options) => [options.align_corners()?, options.half_pixel_centers()?],
        None => [false; 2],
    };
    if flags == [true; 2] {
        return Err(Error::invalid("align_corners and half_pixel_centers exclude each other"));
    }
    Ok(Arc::new(ResizeBilinear(Resize::import(context, flags)?)))
}

/// The reference's samples as the kernels'.
fn samples<F: Copy>(list: Vec<RefSample<F>>) -> Vec<Sample<F>> {
    list.into_iter().map(|it| Sample { lower: it.lower, upper: it.upper, fraction: it.fraction }).collect()
}

impl Operator for ResizeBilinear {
    fn name(&self) -> &'static str {
        "RESIZE_BILINEAR"
    }

    fn infer_shapes(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        self.0.infer(inputs)
    }

    fn reference(&self, inputs: &[Option<TensorView<'_>>], outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        let (x, output) = (input(inputs, 0)?, only_output(outputs)?);
        let params = self.0.params(x.shape)?;
        match x.dtype {
            DType::U8 => resize_bilinear_u8(&params, x.bytes, output.bytes),
            DType::I8 => resize_bilinear_fixed::<i8>(&params, x.bytes_as()?, output.bytes_as_mut()?),
            DType::I16 => {
                let mut values = output.zeros::<i16>();
                resize_bilinear_fixed(&params, &x.values::<i16>(), &mut values);
                output.store(&values)?;
            }
            DType::F32 => {
                let mut values = output.zeros::<f32>();
                resize_bilinear_f32(&params, &x.values::<f32>(), &mut values);
                output.store(&values)?;
            }
            other => return Err(Error::internal(format!("an image of {other}"))),
        }
        Ok(())
    }
}

impl Lower for ResizeBilinear {
    fn lower(&self, lowering: &Lowering<'_>, node: &NodeTensors) -> Result<Option<Lowered>> {
        let (Some(source), output) = (node.inputs[0], node.outputs[0]) else { return Ok(None) };
        if !lowering.suits_kernels(node, 1) {
            return Ok(None);
        }
        let tensor = lowering.tensor(source);
        let entries = self.0.size.iter().sum();
        if tensor.shape.iter().any(|&size| size > MAX_SIDE) || !lowering.affords_entries(entries) {
            return Ok(None);
        }
        let samplings = self.0.samplings(&tensor.shape)?;
        let (real, fixed) = (|| samplings.map(|it| samples(it.real())), || samplings.map(|it| samples(it.fixed())));
        let samples = match tensor.dtype {
            DType::U8 => Samples::U8(real()),
            DType::I8 => Samples::I8(fixed()),
            DType::I16 => Samples::I16(fixed()),
            DType::F32 => Samples::F32(real()),
            _ => return Ok(None),
        };
        let spec = ResizeSpec {
            input: lowering.image(source),
            samples,
            output_stride: lowering.image(output).pixel_stride,
            threads: lowering.threads,
        };
        let layer = Box::new(resize::prepare(lowering.isa, spec));
        Ok(Some(Lowered::one(layer, vec![source], vec![output])))
    }

    fn keeps_bytes(&self, types: [DType; 2], _xor_masks: [u8; 2]) -> bool {
        // Of floats, a negative zero would become a positive one.
        self.0.same_size && types[0] == types[1] && types[0] != DType::F32
    }

    fn reads_strided_pixels(&self) -> bool {
        true
    }
}
