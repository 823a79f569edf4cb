//! SPACE_TO_DEPTH and DEPTH_TO_SPACE: blocks of pixels as one deep pixel, and back.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::space_to_depth::{depth_to_space, space_to_depth};

use super::movement::{Elements, Moved, Movement, Part, offsets, strides};
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;

/// Blocks of `block` x `block` pixels.
#[derive(Clone, Debug)]
pub(crate) struct SpaceDepth {
    block: usize,
    /// Whether pixels become channels, else channels pixels.
    deepens: bool,
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1)
}

pub(crate) fn import_deepen(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::SpaceToDepthOptions(options) => Some(options),
        _ => None,
    })?;
    import(context, options.map(|options| options.block_size()).transpose()?, true)
}

pub(crate) fn import_spread(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::DepthToSpaceOptions(options) => Some(options),
        _ => None,
    })?;
    import(context, options.map(|options| options.block_size()).transpose()?, false)
}

fn import(context: &ImportContext<'_>, block: Option<i32>, deepens: bool) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(1, 1)?;
    let block = block.unwrap_or(0);
    // Larger blocks could not be squared.
    let size = usize::try_from(block).ok().filter(|&size| size > 0 && size < 1 << 15);
    let block = size.ok_or_else(|| Error::invalid(format!("a block of {block}")))?;
    Ok(Arc::new(Moved(SpaceDepth { block, deepens })))
}

fn nhwc(shape: &[usize]) -> [usize; 4] {
    shape.try_into().unwrap_or([0; 4])
}

impl Movement for SpaceDepth {
    fn name(&self) -> &'static str {
        if self.deepens { "SPACE_TO_DEPTH" } else { "DEPTH_TO_SPACE" }
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let shape = inputs[0];
        let block = self.block;
        let impossible = || Error::invalid(format!("blocks of {block} x {block} in the shape {shape:?}"));
        let [batch, height, width, channels] = shape.try_into().map_err(|_| impossible())?;
        let all = block * block;
        let divides = match self.deepens {
            true => height.is_multiple_of(block) && width.is_multiple_of(block),
            false => channels.is_multiple_of(all),
        };
        if !divides {
            return Err(impossible());
        }
        Ok(vec![match self.deepens {
            true => vec![batch, height / block, width / block, channels.saturating_mul(all)],
            false => vec![batch, height.saturating_mul(block), width.saturating_mul(block), channels / all],
        }])
    }

    fn mixes_batch(&self) -> bool {
        false
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        let output = &mut outputs[0];
        match self.deepens {
            true => space_to_depth(nhwc(inputs[0].shape), self.block, &inputs[0].values, &mut output.values),
            false => depth_to_space(nhwc(output.shape), self.block, &inputs[0].values, &mut output.values),
        }
    }

    fn parts(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> Vec<Part> {
        let (from, block) = (strides(inputs[0]), self.block);
        let axis = |stride, count| offsets(stride, 0..count);
        let [batch, height, width, channels] = nhwc(outputs[0]);
        vec![Part::whole(match self.deepens {
            true => vec![
                axis(from[0], batch),
                axis(block * from[1], height),
                axis(block * from[2], width),
                axis(from[1], block),
                axis(from[2], block),
                axis(1, channels / (block * block)),
            ],
            false => vec![
                axis(from[0], batch),
                axis(from[1], height / block),
                axis(block * channels, block),
                axis(from[2], width / block),
                axis(channels, block),
                axis(1, channels),
            ],
        })]
    }
}
