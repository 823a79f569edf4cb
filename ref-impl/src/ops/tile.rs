//! TILE and BROADCAST_TO (`docs/numerics.md` §7.7).

use alloc::vec::Vec;

use crate::shape::{broadcast_index, check_length, element_count, fill_by, index_of};

/// Repeats the input `multiples` times along each dimension.
///
/// # Panics
/// When a slice does not match its shape or there is not one multiple for each dimension.
pub fn tile<X: Copy>(shape: &[usize], multiples: &[usize], input: &[X], output: &mut [X]) {
    check_length("the multiples", multiples.len(), shape.len());
    check_length("the input", input.len(), element_count(shape));
    let tiled: Vec<usize> = shape.iter().zip(multiples).map(|(size, times)| size * times).collect();
    check_length("the output", output.len(), element_count(&tiled));
    fill_by(&tiled, output, |at| {
        let source: Vec<usize> = at.iter().zip(shape).map(|(at, size)| at % size).collect();
        input[index_of(shape, &source)]
    });
}

/// Repeats the input along its dimensions of 1 and along new leading ones until it has `output_shape`.
///
/// # Panics
/// When a slice does not match its shape or the input does not broadcast to the output.
pub fn broadcast_to<X: Copy>(shape: &[usize], output_shape: &[usize], input: &[X], output: &mut [X]) {
    let aligned = output_shape.len().checked_sub(shape.len()).map(|added| &output_shape[added..]);
    let fits = aligned.is_some_and(|aligned| aligned.iter().zip(shape).all(|(to, from)| from == to || *from == 1));
    assert!(fits, "{shape:?} does not broadcast to {output_shape:?}");
    check_length("the input", input.len(), element_count(shape));
    check_length("the output", output.len(), element_count(output_shape));
    fill_by(output_shape, output, |at| input[broadcast_index(shape, at)]);
}
