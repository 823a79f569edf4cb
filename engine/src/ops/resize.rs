//! What RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR share: the size and the options.

use ottava_ref::ops::resize_bilinear::{ResizeBilinearParams, Sampling};

use super::{ImportContext, InputShapes, nhwc_of};
use crate::error::{Error, Result};

/// Largest height or width of an output: there is a table entry for each row and column. Of larger inputs, positions in f32
/// may lie several pixels past the last one, which is the reference's.
pub(crate) const MAX_SIDE: usize = 1 << 20;

/// A resizing of height and width.
#[derive(Clone, Debug)]
pub(crate) struct Resize {
    /// Output height and width.
    pub(crate) size: [usize; 2],
    pub(crate) align_corners: bool,
    pub(crate) half_pixel_centers: bool,
    /// Whether the input has that size already.
    pub(crate) same_size: bool,
}

impl Resize {
    /// The size of input 1 with the two options.
    pub(crate) fn import(context: &ImportContext<'_>, [align_corners, half_pixel_centers]: [bool; 2]) -> Result<Self> {
        context.expect_inputs(2, 2)?;
        let shape = &context.input(0)?.shape;
        let &[_, height, width, _] = &shape[..] else {
            return Err(Error::invalid(format!("the input has shape {shape:?}, NHWC expected")));
        };
        let sizes = context.integers(1)?;
        let size = |size: i64| usize::try_from(size).ok().filter(|&size| size > 0 && size <= MAX_SIDE);
        let &[rows, columns] = &sizes[..] else {
            return Err(Error::invalid(format!("the size {sizes:?} is not a height and a width")));
        };
        let size = size(rows).zip(size(columns)).map(<[usize; 2]>::from);
        let size = size.ok_or_else(|| Error::invalid(format!("the size {sizes:?} is not within 1 to {MAX_SIDE}")))?;
        Ok(Self { size, align_corners, half_pixel_centers, same_size: size == [height, width] })
    }

    /// NHWC of the output.
    pub(crate) fn infer(&self, inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        let [batch, _, _, channels] = nhwc_of(inputs, 0)?;
        Ok(vec![vec![batch, self.size[0], self.size[1], channels]])
    }

    /// The numbers of the reference for an input of this shape.
    pub(crate) fn params(&self, shape: &[usize]) -> Result<ResizeBilinearParams> {
        let input_shape = shape.try_into().map_err(|_| Error::internal("an image without four dimensions"))?;
        let Self { size, align_corners, half_pixel_centers, .. } = *self;
        Ok(ResizeBilinearParams { input_shape, size, align_corners, half_pixel_centers })
    }

    /// The sampling of height and width for an input of this shape.
    pub(crate) fn samplings(&self, shape: &[usize]) -> Result<[Sampling; 2]> {
        let params = self.params(shape)?;
        Ok([params.sampling(0), params.sampling(1)])
    }
}
