//! Elementwise functions of operands that repeat along their dimensions of size 1.

use alloc::vec;
use alloc::vec::Vec;

use crate::error::Result;
use crate::shape::{broadcast_shape, check_length, element_count};

/// An operand of an elementwise operator: its shape and its elements, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a, T> {
    /// Dimensions; those of several operands are aligned at the last one.
    pub shape: &'a [usize],
    /// The elements.
    pub values: &'a [T],
}

/// Two operands of an elementwise operator.
pub type Pair<'a, T> = [Operand<'a, T>; 2];

/// The shape that operands broadcast to, or `None` where two dimensions differ and neither is 1.
pub fn broadcast_shapes(shapes: &[&[usize]]) -> Option<Vec<usize>> {
    shapes.iter().try_fold(Vec::new(), |all, shape| broadcast_shape(&all, shape))
}

/// Stores `function` of each pair of elements.
///
/// # Panics
/// When a slice does not match its shape, or the shapes do not broadcast.
pub fn map_pairs<A: Copy, B: Copy, Y>(
    a: Operand<'_, A>,
    b: Operand<'_, B>,
    output: &mut [Y],
    function: impl Fn(A, B) -> Y,
) {
    let indices = Indices::new([a.shape, b.shape], [a.values.len(), b.values.len()], output.len());
    for (out, [i, j]) in output.iter_mut().zip(indices) {
        *out = function(a.values[i], b.values[j]);
    }
}

/// [`map_pairs`] of a function that not all elements have a result in.
///
/// # Errors
/// The first error of `function`.
///
/// # Panics
/// As [`map_pairs`].
pub fn try_map_pairs<A: Copy, B: Copy, Y>(
    a: Operand<'_, A>,
    b: Operand<'_, B>,
    output: &mut [Y],
    function: impl Fn(A, B) -> Result<Y>,
) -> Result<()> {
    let indices = Indices::new([a.shape, b.shape], [a.values.len(), b.values.len()], output.len());
    for (out, [i, j]) in output.iter_mut().zip(indices) {
        *out = function(a.values[i], b.values[j])?;
    }
    Ok(())
}

/// Stores `function` of each triple of elements, one of another type than the rest.
///
/// # Panics
/// As [`map_pairs`].
pub fn map_triples<A: Copy, B: Copy, Y>(
    a: Operand<'_, A>,
    [b, c]: Pair<'_, B>,
    output: &mut [Y],
    function: impl Fn(A, B, B) -> Y,
) {
    let lengths = [a.values.len(), b.values.len(), c.values.len()];
    let indices = Indices::new([a.shape, b.shape, c.shape], lengths, output.len());
    for (out, [i, j, k]) in output.iter_mut().zip(indices) {
        *out = function(a.values[i], b.values[j], c.values[k]);
    }
}

/// For each output element, row-major, the index of the element of each operand.
struct Indices<const N: usize> {
    shape: Vec<usize>,
    /// Elements between neighbours along each dimension; 0 where the operand repeats.
    strides: Vec<[usize; N]>,
    coordinates: Vec<usize>,
    next: [usize; N],
    left: usize,
}

impl<const N: usize> Indices<N> {
    fn new(shapes: [&[usize]; N], lengths: [usize; N], output: usize) -> Self {
        let Some(shape) = broadcast_shapes(&shapes) else {
            panic!("{shapes:?} do not broadcast");
        };
        for (operand, length) in shapes.iter().zip(lengths) {
            check_length("an operand", length, element_count(operand));
        }
        let left = element_count(&shape);
        check_length("the output", output, left);
        let mut strides = vec![[0; N]; shape.len()];
        for (operand, sizes) in shapes.iter().enumerate() {
            let mut stride = 1;
            for (all, &size) in strides.iter_mut().rev().zip(sizes.iter().rev()) {
                all[operand] = if size == 1 { 0 } else { stride };
                stride *= size;
            }
        }
        let coordinates = vec![0; shape.len()];
        Self { shape, strides, coordinates, next: [0; N], left }
    }
}

impl<const N: usize> Iterator for Indices<N> {
    type Item = [usize; N];

    fn next(&mut self) -> Option<[usize; N]> {
        self.left = self.left.checked_sub(1)?;
        let current = self.next;
        for axis in (0..self.shape.len()).rev() {
            let (size, strides) = (self.shape[axis], self.strides[axis]);
            let coordinate = &mut self.coordinates[axis];
            *coordinate += 1;
            let rewind = *coordinate == size;
            for (index, stride) in self.next.iter_mut().zip(strides) {
                *index = if rewind { *index + stride - stride * size } else { *index + stride };
            }
            if !rewind {
                break;
            }
            *coordinate = 0;
        }
        Some(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{broadcast_index, coordinates};

    #[test]
    fn indices_are_those_of_the_coordinates() {
        let cases: [[&[usize]; 3]; 6] = [
            [&[2, 3], &[2, 3], &[2, 3]],
            [&[2, 1, 4], &[3, 1], &[]],
            [&[1], &[5], &[2, 1, 1]],
            [&[], &[], &[]],
            [&[2, 1, 3, 1, 2], &[4, 1, 5, 1], &[1, 1, 1, 1, 2]],
            [&[3, 0], &[1], &[1, 1]],
        ];
        for shapes in cases {
            let shape = broadcast_shapes(&shapes).unwrap();
            let count = element_count(&shape);
            let indices = Indices::new(shapes, shapes.map(element_count), count);
            let expected = (0..count).map(|index| {
                let at = coordinates(&shape, index);
                shapes.map(|operand| broadcast_index(operand, &at))
            });
            assert!(indices.eq(expected), "{shapes:?}");
        }
    }
}
