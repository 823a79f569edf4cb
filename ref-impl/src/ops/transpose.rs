//! TRANSPOSE (`docs/numerics.md` §7.7).

use alloc::vec;
use alloc::vec::Vec;

use crate::shape::{check_length, element_count, fill_by, index_of};

/// Reorders dimensions: output dimension `axis` is input dimension `permutation[axis]`.
///
/// # Panics
/// When a slice does not match its shape or `permutation` is none of the input's dimensions.
pub fn transpose<X: Copy>(shape: &[usize], permutation: &[usize], input: &[X], output: &mut [X]) {
    check_length("the permutation", permutation.len(), shape.len());
    check_length("the input", input.len(), element_count(shape));
    check_length("the output", output.len(), input.len());
    let transposed: Vec<usize> = permutation.iter().map(|&axis| shape[axis]).collect();
    let mut source = vec![0; shape.len()];
    fill_by(&transposed, output, |at| {
        for (&coordinate, &axis) in at.iter().zip(permutation) {
            source[axis] = coordinate;
        }
        input[index_of(shape, &source)]
    });
}
