//! SPACE_TO_DEPTH and DEPTH_TO_SPACE (`docs/numerics.md` §7.7).

use crate::shape::{check_length, element_count};

/// Puts the pixels of each block of `block` x `block` behind each other in one pixel.
///
/// # Panics
/// When a slice does not match its shape, or the block does not divide height and width.
pub fn space_to_depth<X: Copy>(shape: [usize; 4], block: usize, input: &[X], output: &mut [X]) {
    let [_, height, width, _] = shape;
    assert!(height.is_multiple_of(block) && width.is_multiple_of(block), "blocks of {block} in {height} x {width}");
    check_length("the output", output.len(), input.len());
    walk(shape, block, input.len(), |spread, deep| output[deep] = input[spread]);
}

/// Spreads the channels of each pixel over a block of `block` x `block` pixels; `shape` is that of the output.
///
/// # Panics
/// As [`space_to_depth`].
pub fn depth_to_space<X: Copy>(shape: [usize; 4], block: usize, input: &[X], output: &mut [X]) {
    let [_, height, width, _] = shape;
    assert!(height.is_multiple_of(block) && width.is_multiple_of(block), "blocks of {block} in {height} x {width}");
    check_length("the output", output.len(), input.len());
    walk(shape, block, input.len(), |spread, deep| output[spread] = input[deep]);
}

/// Index of each element in the tensor with blocks of pixels and in the one with deep pixels.
fn walk(
    [batches, height, width, channels]: [usize; 4],
    block: usize,
    count: usize,
    mut each: impl FnMut(usize, usize),
) {
    check_length("the input", count, element_count(&[batches, height, width, channels]));
    for batch in 0..batches {
        for y in 0..height {
            for x in 0..width {
                for channel in 0..channels {
                    let spread = ((batch * height + y) * width + x) * channels + channel;
                    let pixel = (batch * (height / block) + y / block) * (width / block) + x / block;
                    let part = (y % block) * block + x % block;
                    each(spread, (pixel * block * block + part) * channels + channel);
                }
            }
        }
    }
}
