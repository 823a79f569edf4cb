//! SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND (`docs/numerics.md` §7.7).

use alloc::vec::Vec;

use crate::shape::{check_length, element_count, fill_by, index_of};

/// Where the pixels of one tensor are in the other.
#[derive(Clone, Debug)]
pub struct BlockParams<'a> {
    /// Shape of the tensor with few batches: the input of SPACE_TO_BATCH_ND, the output of BATCH_TO_SPACE_ND.
    pub space_shape: &'a [usize],
    /// Shape of the tensor with many batches.
    pub batch_shape: &'a [usize],
    /// Size of a block in each of the dimensions from 1 on.
    pub block: &'a [usize],
    /// Elements before the tensor with few batches in these dimensions: padding or cropping.
    pub before: &'a [usize],
}

impl BlockParams<'_> {
    /// Coordinates in the tensor with few batches of `at` in the one with many; `None` in the padding.
    fn in_space(&self, at: &[usize]) -> Option<Vec<usize>> {
        let batches = self.space_shape[0];
        let mut part = at[0] / batches;
        let mut found = at.to_vec();
        found[0] = at[0] % batches;
        for (axis, &block) in self.block.iter().enumerate().rev() {
            let position = at[axis + 1] * block + part % block;
            part /= block;
            found[axis + 1] =
                position.checked_sub(self.before[axis]).filter(|&inside| inside < self.space_shape[axis + 1])?;
        }
        Some(found)
    }

    fn check(&self, space: usize, batch: usize) {
        check_length("the tensor with few batches", space, element_count(self.space_shape));
        check_length("the tensor with many batches", batch, element_count(self.batch_shape));
        let blocks: usize = self.block.iter().product();
        assert_eq!(self.batch_shape[0], self.space_shape[0] * blocks, "batches of blocks {:?}", self.block);
    }
}

/// Takes every `block`-th pixel into a batch of its own, after padding with `fill`.
///
/// # Panics
/// When a slice does not match its shape or the shapes do not match each other.
pub fn space_to_batch_nd<X: Copy>(params: &BlockParams<'_>, fill: X, input: &[X], output: &mut [X]) {
    params.check(input.len(), output.len());
    fill_by(params.batch_shape, output, |at| {
        params.in_space(at).map_or(fill, |at| input[index_of(params.space_shape, &at)])
    });
}

/// Puts the pixels of all batches of a block next to each other again, and crops.
///
/// # Panics
/// As [`space_to_batch_nd`].
pub fn batch_to_space_nd<X: Copy>(params: &BlockParams<'_>, input: &[X], output: &mut [X]) {
    params.check(output.len(), input.len());
    fill_by(params.space_shape, output, |at| {
        let mut source = at.to_vec();
        let mut part = 0;
        for (axis, &block) in params.block.iter().enumerate() {
            let position = at[axis + 1] + params.before[axis];
            source[axis + 1] = position / block;
            part = part * block + position % block;
        }
        source[0] += part * params.space_shape[0];
        input[index_of(params.batch_shape, &source)]
    });
}
