//! SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND with constant blocks, paddings and crops.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::space_to_batch_nd::{BlockParams, batch_to_space_nd, space_to_batch_nd};

use super::movement::{Elements, Moved, Movement, Part, PartAxis, offsets, sizes, strides};
use super::types::QUANTIZED;
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// Places in a block that are moved one by one; larger blocks are the reference's.
const MOST_PARTS: usize = 1 << 10;

/// Every so many pixels in a batch of their own.
#[derive(Clone, Debug)]
pub(crate) struct SpaceBatch {
    /// Whether pixels go to batches, else batches to pixels.
    to_batch: bool,
    /// Size of a block in each dimension between the first and the last.
    block: Vec<usize>,
    /// Padding or cropping before and after these dimensions.
    around: Vec<[usize; 2]>,
    /// What padding holds, little-endian.
    fill: [u8; 8],
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && [1, 2].iter().all(|&index| types.input_is(index, &[DType::I32, DType::I64]))
}

pub(crate) fn import_to_batch(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, true)
}

pub(crate) fn import_to_space(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    import(context, false)
}

fn import(context: &ImportContext<'_>, to_batch: bool) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(3, 3)?;
    let rank = context.input(0)?.shape.len();
    let (block, around) = (sizes(context, 1)?, sizes(context, 2)?);
    let shape = &context.input(2)?.shape;
    let product = block.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let possible = rank >= 3
        && block.len() == rank - 2
        && *shape == [rank - 2, 2]
        && product.is_some_and(|product| product > 0 && product < 1 << 31);
    if !possible {
        return Err(Error::invalid(format!(
            "blocks {block:?} and {around:?} around them (of shape {shape:?}) for {rank} dimensions"
        )));
    }
    let output = context.output()?;
    let zero = match &output.quantization {
        Some(_) if QUANTIZED.contains(&output.dtype) => context.output_quantization()?.zero_point,
        _ => 0,
    };
    let (around, fill) = (around.as_chunks().0.to_vec(), i64::from(zero).to_le_bytes());
    Ok(Arc::new(Moved(SpaceBatch { to_batch, block, around, fill })))
}

impl SpaceBatch {
    fn blocks(&self) -> usize {
        self.block.iter().product()
    }
}

impl Movement for SpaceBatch {
    fn name(&self) -> &'static str {
        if self.to_batch { "SPACE_TO_BATCH_ND" } else { "BATCH_TO_SPACE_ND" }
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let mut shape = inputs[0].to_vec();
        let impossible =
            || Error::invalid(format!("blocks {:?} with {:?} around them on {:?}", self.block, self.around, inputs[0]));
        if shape.len() != self.block.len() + 2 {
            return Err(impossible());
        }
        if self.to_batch {
            shape[0] = shape[0].saturating_mul(self.blocks());
        } else if shape[0].is_multiple_of(self.blocks()) {
            shape[0] /= self.blocks();
        } else {
            return Err(impossible());
        }
        for ((size, &block), &[before, after]) in shape[1..].iter_mut().zip(&self.block).zip(&self.around) {
            let whole = match self.to_batch {
                true => Some(*size + before + after).filter(|padded| padded.is_multiple_of(block)),
                false => size.saturating_mul(block).checked_sub(before + after),
            };
            let whole = whole.ok_or_else(impossible)?;
            *size = if self.to_batch { whole / block } else { whole };
        }
        Ok(vec![shape])
    }

    fn mixes_batch(&self) -> bool {
        self.blocks() != 1
    }

    fn fill(&self) -> [u8; 8] {
        self.fill
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], fill: T) {
        let (x, output) = (&inputs[0], &mut outputs[0]);
        let before: Vec<usize> = self.around.iter().map(|around| around[0]).collect();
        let (space_shape, batch_shape) = if self.to_batch { (x.shape, output.shape) } else { (output.shape, x.shape) };
        let params = BlockParams { space_shape, batch_shape, block: &self.block, before: &before };
        match self.to_batch {
            true => space_to_batch_nd(&params, fill, &x.values, &mut output.values),
            false => batch_to_space_nd(&params, &x.values, &mut output.values),
        }
    }

    fn parts(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> Vec<Part> {
        let (from, to) = (strides(inputs[0]), strides(outputs[0]));
        let last = outputs[0].len() - 1;
        if !self.to_batch {
            let mut axes = vec![offsets(from[0], 0..outputs[0][0])];
            // How far apart the batches of neighbouring places in a block are, innermost first.
            let mut apart = outputs[0][0] * from[0];
            let mut spatial = Vec::new();
            for (axis, &block) in self.block.iter().enumerate().rev() {
                let place = |at: usize| at + self.around[axis][0];
                let sources = (0..outputs[0][axis + 1])
                    .map(|at| Some(place(at) / block * from[axis + 1] + place(at) % block * apart));
                spatial.push(sources.collect());
                apart *= block;
            }
            axes.extend(spatial.into_iter().rev());
            axes.push(offsets(1, 0..outputs[0][last]));
            return vec![Part::whole(axes)];
        }
        let part = |index: usize| {
            let mut place = index;
            let mut axes = vec![PartAxis { stride: 1, offsets: offsets(1, 0..outputs[0][last]) }];
            for (axis, &block) in self.block.iter().enumerate().rev() {
                let at = place % block;
                place /= block;
                let source = |output: usize| {
                    let inside = (output * block + at).checked_sub(self.around[axis][0]);
                    inside.filter(|&inside| inside < inputs[0][axis + 1]).map(|inside| inside * from[axis + 1])
                };
                axes.push(PartAxis { stride: to[axis + 1], offsets: (0..outputs[0][axis + 1]).map(source).collect() });
            }
            axes.push(PartAxis { stride: to[0], offsets: offsets(from[0], 0..inputs[0][0]) });
            axes.reverse();
            Part { input: 0, output: 0, first: index * inputs[0][0] * to[0], axes }
        };
        let parts = if self.blocks() > MOST_PARTS { 0 } else { self.blocks() };
        (0..parts).map(part).collect()
    }
}
