//! PAD, PADV2 and MIRROR_PAD with constant paddings.

use std::sync::Arc;

use bytemuck::Pod as Element;
use ottava_ref::ops::mirror_pad::{Mirror, mirror_pad};
use ottava_ref::ops::pad::{PadParams, pad};

use super::movement::{Elements, Moved, Movement, Part, offsets, sizes, strides};
use super::types::QUANTIZED;
use super::window::ImagePadding;
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A border around a tensor; stored values are copied as they are.
#[derive(Clone, Debug)]
struct Pad {
    /// Elements before and after each dimension.
    paddings: Vec<[usize; 2]>,
    border: Border,
}

/// What the border holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Border {
    /// What stands for zero: the output's zero point.
    Zero([u8; 8]),
    /// A constant of the file.
    Value([u8; 8]),
    /// The tensor's mirror image.
    Mirror(Mirror),
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32, DType::I64])
}

pub(crate) fn types_v2(list: &TypeList) -> bool {
    types(list) && list.inputs.get(2) == list.inputs.first()
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let output = context.output()?;
    let zero = match &output.quantization {
        Some(_) if QUANTIZED.contains(&output.dtype) => context.output_quantization()?.zero_point,
        _ => 0,
    };
    import_with(context, Border::Zero(i64::from(zero).to_le_bytes()))
}

pub(crate) fn import_v2(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(3, 3)?;
    let value = context.input(2)?;
    let bytes = context.constant(2)?;
    let size = value.dtype.size_bytes();
    if value.element_count() != 1 || bytes.len() != size {
        return Err(Error::invalid(format!("'{}' has {} elements, one expected", value.name, value.element_count())));
    }
    if let (Some(value), Some(&output), true) =
        (context.inputs[2], context.outputs.first(), value.quantization.is_some())
    {
        context.same_quantization(value, output)?;
    }
    let mut element = [0; 8];
    element[..size].copy_from_slice(bytes);
    import_with(context, Border::Value(element))
}

pub(crate) fn import_mirror(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let options = context.options(|options| match options {
        BuiltinOptionsRef::MirrorPadOptions(options) => Some(options),
        _ => None,
    })?;
    let mirror = match options.map(|options| options.mode()).transpose()?.unwrap_or(0) {
        0 => Mirror::Reflect,
        1 => Mirror::Symmetric,
        other => return Err(Error::invalid(format!("mode {other} is unknown"))),
    };
    import_with(context, Border::Mirror(mirror))
}

fn import_with(context: &ImportContext<'_>, border: Border) -> Result<Arc<dyn Operator>> {
    let rank = context.input(0)?.shape.len();
    let shape = &context.input(1)?.shape;
    if *shape != [rank, 2] {
        return Err(Error::invalid(format!("paddings of shape {shape:?} for a tensor with {rank} dimensions")));
    }
    let paddings = sizes(context, 1)?.as_chunks().0.to_vec();
    Ok(Arc::new(Moved(Pad { paddings, border })))
}

impl Movement for Pad {
    fn name(&self) -> &'static str {
        match self.border {
            Border::Zero(_) => "PAD",
            Border::Value(_) => "PADV2",
            Border::Mirror(_) => "MIRROR_PAD",
        }
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let shape = inputs[0];
        if let Border::Mirror(mirror) = self.border {
            let wide = |(size, padding): (&usize, &[usize; 2])| padding.iter().any(|&side| side > mirror.most(*size));
            if shape.iter().zip(&self.paddings).any(wide) {
                return Err(Error::invalid(format!("paddings {:?} mirror more than {shape:?}", self.paddings)));
            }
        }
        Ok(vec![shape.iter().zip(&self.paddings).map(|(size, [before, after])| before + size + after).collect()])
    }

    fn mixes_batch(&self) -> bool {
        self.paddings.first().is_some_and(|padding| *padding != [0, 0])
    }

    fn fill(&self) -> [u8; 8] {
        match self.border {
            Border::Zero(fill) | Border::Value(fill) => fill,
            Border::Mirror(_) => [0; 8],
        }
    }

    fn padding(&self) -> Option<ImagePadding> {
        match (self.border, &self.paddings[..]) {
            (Border::Zero(_), &[[0, 0], vertical, horizontal, [0, 0]]) => Some(ImagePadding { vertical, horizontal }),
            _ => None,
        }
    }

    fn reference<T: Element>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], fill: T) {
        let (x, values) = (&inputs[0], &mut outputs[0].values);
        match self.border {
            Border::Mirror(mirror) => mirror_pad(mirror, x.shape, &self.paddings, &x.values, values),
            _ => pad(&PadParams { input_shape: x.shape, paddings: &self.paddings, fill }, &x.values, values),
        }
    }

    fn parts(&self, inputs: &[&[usize]], _outputs: &[&[usize]]) -> Vec<Part> {
        let shape = inputs[0];
        let axis = |((&size, stride), &[before, after]): ((&usize, usize), &[usize; 2])| match self.border {
            Border::Mirror(mirror) => {
                offsets(stride, (0..before + size + after).map(|at| mirror.source(at, before, size)))
            }
            _ => [vec![None; before], offsets(stride, 0..size), vec![None; after]].concat(),
        };
        vec![Part::whole(shape.iter().zip(strides(shape)).zip(&self.paddings).map(axis).collect())]
    }
}
