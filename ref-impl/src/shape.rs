//! Row-major index arithmetic for operators of any rank.

use alloc::vec;
use alloc::vec::Vec;

/// Number of elements of a shape; 1 for a scalar.
pub fn element_count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The shape that two operands broadcast to, aligned at their last dimensions, or `None` when a
/// dimension differs and neither side is 1.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let dimension = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    (0..rank)
        .map(|axis| match (dimension(a, axis), dimension(b, axis)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// Row-major coordinates of element `index` of `shape`.
pub(crate) fn coordinates(shape: &[usize], mut index: usize) -> Vec<usize> {
    let mut coordinates = vec![0; shape.len()];
    for (coordinate, &size) in coordinates.iter_mut().zip(shape).rev() {
        *coordinate = index % size;
        index /= size;
    }
    coordinates
}

/// Row-major index of `coordinates` in `shape`, which is aligned at the last dimension and
/// repeats along its dimensions of size 1.
pub fn broadcast_index(shape: &[usize], coordinates: &[usize]) -> usize {
    let skipped = coordinates.len() - shape.len();
    shape
        .iter()
        .zip(&coordinates[skipped..])
        .fold(0, |index, (&size, &coordinate)| index * size + if size == 1 { 0 } else { coordinate })
}

/// Row-major index of `coordinates` in `shape`.
pub(crate) fn index_of(shape: &[usize], coordinates: &[usize]) -> usize {
    shape.iter().zip(coordinates).fold(0, |index, (&size, &coordinate)| index * size + coordinate)
}

/// Sets each element of a tensor of `shape` to what `value` says of its coordinates.
pub(crate) fn fill_by<X>(shape: &[usize], output: &mut [X], mut value: impl FnMut(&[usize]) -> X) {
    let mut coordinates = vec![0; shape.len()];
    for out in output {
        *out = value(&coordinates);
        for (coordinate, &size) in coordinates.iter_mut().zip(shape).rev() {
            *coordinate += 1;
            if *coordinate < size {
                break;
            }
            *coordinate = 0;
        }
    }
}

/// Asserts that a slice holds as many elements as its shape says.
pub(crate) fn check_length(what: &str, length: usize, expected: usize) {
    assert_eq!(length, expected, "{what} holds {length} elements, its shape {expected}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_at_their_last_dimensions() {
        assert_eq!(broadcast_shape(&[2, 3], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast_shape(&[2, 1, 4], &[3, 1]), Some(vec![2, 3, 4]));
        assert_eq!(broadcast_shape(&[], &[5]), Some(vec![5]));
        assert_eq!(broadcast_shape(&[1], &[0]), Some(vec![0]));
        assert_eq!(broadcast_shape(&[2], &[3]), None);
    }

    #[test]
    fn coordinates_and_indices_are_inverse() {
        let shape = [2, 3, 4];
        for index in 0..element_count(&shape) {
            assert_eq!(broadcast_index(&shape, &coordinates(&shape, index)), index);
        }
        assert_eq!(coordinates(&shape, 17), [1, 1, 1]);
        assert_eq!(broadcast_index(&[3, 1], &[1, 2, 3]), 2);
        assert_eq!(broadcast_index(&[], &[1, 2, 3]), 0);
    }
}
