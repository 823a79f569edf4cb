//! Where tensors live: which bytes of which buffer.

use ottava_kernels::{Image, SLACK};

use crate::tensor::{Tensor, TensorId};

/// The bytes of a tensor within a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The tensor whose buffer it is.
    pub(crate) root: TensorId,
    /// Offset of its first byte in the buffer.
    pub(crate) offset: usize,
    /// Bytes between its pixels, where they are not dense.
    pub(crate) pixel_stride: Option<usize>,
}

impl Place {
    /// A buffer of the tensor's own.
    pub(crate) fn own(id: TensorId) -> Self {
        Self { root: id, offset: 0, pixel_stride: None }
    }
}

/// The places of all tensors.
#[derive(Clone, Debug)]
pub(crate) struct Places(Vec<Place>);

impl Places {
    /// Each of `count` tensors in a buffer of its own.
    pub(crate) fn own(count: usize) -> Self {
        Self((0..count).map(Place::own).collect())
    }

    /// Puts a tensor elsewhere.
    pub(crate) fn set(&mut self, id: TensorId, place: Place) {
        self.0[id] = place;
    }

    /// Where a tensor is.
    pub(crate) fn of(&self, id: TensorId) -> Place {
        self.0[id]
    }

    /// Where a part of a tensor would be that starts at `offset` and has its pixels `pixel_stride` apart.
    pub(crate) fn part(&self, whole: TensorId, offset: usize, pixel_stride: Option<usize>) -> Place {
        let home = self.0[whole];
        Place { root: home.root, offset: home.offset + offset, pixel_stride }
    }

    /// The tensor as pixels: leading dimensions as they are for rank 4, else all in one row.
    pub(crate) fn image(&self, tensors: &[Tensor], id: TensorId) -> Image {
        let mut image = match tensors[id].shape[..] {
            [batch, height, width, channels] => Image::dense(batch, height, width, channels),
            [] => Image::dense(1, 1, 1, 1),
            [ref outer @ .., channels] => Image::dense(1, 1, outer.iter().product(), channels),
        };
        if let Some(stride) = self.0[id].pixel_stride {
            image.pixel_stride = stride;
        }
        image
    }

    /// Bytes of the buffer whose root is `id`, with what kernels may read past its end.
    pub(crate) fn buffer_bytes(tensors: &[Tensor], id: TensorId) -> usize {
        Self::whole_lines(tensors[id].size_bytes())
    }

    /// Bytes of a buffer for `bytes` bytes, with what kernels may read past its end.
    pub(crate) fn whole_lines(bytes: usize) -> usize {
        (bytes + SLACK).next_multiple_of(64)
    }
}
