//! TILE and BROADCAST_TO with constant operands: elements repeated.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::tile::{broadcast_to, tile};
use ottava_ref::shape::broadcast_shape;

use super::movement::{Elements, Moved, Movement, Part, offsets, sizes, strides};
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::tensor::DType;

/// A tensor several times.
#[derive(Clone, Debug)]
pub(crate) enum Repeat {
    /// So many times along each dimension.
    Tile(Vec<usize>),
    /// Along dimensions of 1 and new leading ones, until it has this shape.
    Broadcast(Vec<usize>),
}

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32, DType::I64])
}

pub(crate) fn import_tile(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    let (multiples, rank) = (sizes(context, 1)?, context.input(0)?.shape.len());
    if multiples.len() != rank {
        return Err(Error::invalid(format!("multiples {multiples:?} of a tensor with {rank} dimensions")));
    }
    Ok(Arc::new(Moved(Repeat::Tile(multiples))))
}

pub(crate) fn import_broadcast(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    context.expect_inputs(2, 2)?;
    Ok(Arc::new(Moved(Repeat::Broadcast(sizes(context, 1)?))))
}

impl Movement for Repeat {
    fn name(&self) -> &'static str {
        match self {
            Self::Tile(_) => "TILE",
            Self::Broadcast(_) => "BROADCAST_TO",
        }
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        match self {
            Self::Tile(multiples) => {
                Ok(vec![inputs[0].iter().zip(multiples).map(|(size, &times)| size.saturating_mul(times)).collect()])
            }
            Self::Broadcast(shape) if broadcast_shape(inputs[0], shape).as_ref() == Some(shape) => {
                Ok(vec![shape.clone()])
            }
            Self::Broadcast(shape) => Err(Error::invalid(format!("{:?} does not broadcast to {shape:?}", inputs[0]))),
        }
    }

    fn mixes_batch(&self) -> bool {
        match self {
            Self::Tile(multiples) => multiples.first().is_some_and(|&times| times != 1),
            Self::Broadcast(_) => false,
        }
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        let (x, output) = (&inputs[0], &mut outputs[0]);
        match self {
            Self::Tile(multiples) => tile(x.shape, multiples, &x.values, &mut output.values),
            Self::Broadcast(shape) => broadcast_to(x.shape, shape, &x.values, &mut output.values),
        }
    }

    fn parts(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> Vec<Part> {
        let added = outputs[0].len() - inputs[0].len();
        let from = strides(inputs[0]);
        let axis = |(axis, &size): (usize, &usize)| match axis.checked_sub(added) {
            Some(inner) => offsets(from[inner], (0..size).map(|at| at % inputs[0][inner])),
            None => vec![Some(0); size],
        };
        vec![Part::whole(outputs[0].iter().enumerate().map(axis).collect())]
    }

    fn keeps_elements(&self) -> bool {
        matches!(self, Self::Tile(multiples) if multiples.iter().all(|&times| times == 1))
    }
}
