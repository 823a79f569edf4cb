//! RESIZE_NEAREST_NEIGHBOR of any element type.

use std::sync::Arc;

use bytemuck::Pod;
use ottava_ref::ops::resize_bilinear::Sampling;
use ottava_ref::ops::resize_nearest_neighbor::{nearest, resize_nearest_neighbor};

use super::movement::{Elements, Moved, Movement, Part, offsets, strides};
use super::resize::Resize;
use super::{ImportContext, Operator, TypeList};
use crate::error::{Error, Result};
use crate::schema::BuiltinOptionsRef;
use crate::tensor::DType;

/// A resizing that shows one pixel for each.
#[derive(Clone, Debug)]
pub(crate) struct ResizeNearestNeighbor(Resize);

pub(crate) fn types(types: &TypeList) -> bool {
    types.one_sized_type(1) && types.input_is(1, &[DType::I32])
}

pub(crate) fn import(context: &mut ImportContext<'_>) -> Result<Arc<dyn Operator>> {
    let options = context.options(|options| match options {
        BuiltinOptionsRef::ResizeNearestNeighborOptions(options) => Some(options),
        _ => None,
    })?;
    let flags = match options {
        Some(options) => [options.align_corners()?, options.half_pixel_centers()?],
        None => [false; 2],
    };
    Ok(Arc::new(Moved(ResizeNearestNeighbor(Resize::import(context, flags)?))))
}

impl ResizeNearestNeighbor {
    /// The input rows and columns that are shown.
    fn shown(&self, [_, height, width, _]: [usize; 4]) -> [Vec<usize>; 2] {
        let Resize { size, align_corners, half_pixel_centers, .. } = self.0;
        [(height, size[0]), (width, size[1])]
            .map(|(input, output)| nearest(&Sampling { input, output, align_corners, half_pixel_centers }))
    }
}

fn nhwc(shape: &[usize]) -> [usize; 4] {
    shape.try_into().unwrap_or([0; 4])
}

impl Movement for ResizeNearestNeighbor {
    fn name(&self) -> &'static str {
        "RESIZE_NEAREST_NEIGHBOR"
    }

    fn infer(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        match *inputs[0] {
            [batch, _, _, channels] => Ok(vec![vec![batch, self.0.size[0], self.0.size[1], channels]]),
            _ => Err(Error::invalid(format!("the input has shape {:?}, NHWC expected", inputs[0]))),
        }
    }

    fn mixes_batch(&self) -> bool {
        false
    }

    fn reference<T: Pod>(&self, inputs: &[Elements<'_, T>], outputs: &mut [Elements<'_, T>], _fill: T) {
        let shape = nhwc(inputs[0].shape);
        let [rows, columns] = self.shown(shape);
        resize_nearest_neighbor(shape, [&rows, &columns], &inputs[0].values, &mut outputs[0].values);
    }

    fn parts(&self, inputs: &[&[usize]], _outputs: &[&[usize]]) -> Vec<Part> {
        let shape = nhwc(inputs[0]);
        let (from, [rows, columns]) = (strides(inputs[0]), self.shown(shape));
        vec![Part::whole(vec![
            offsets(from[0], 0..shape[0]),
            offsets(from[1], rows.into_iter()),
            offsets(from[2], columns.into_iter()),
            offsets(1, 0..shape[3]),
        ])]
    }

    fn keeps_elements(&self) -> bool {
        // Both options together round half a pixel up.
        self.0.same_size && !(self.0.align_corners && self.0.half_pixel_centers)
    }
}
