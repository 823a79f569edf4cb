//! GATHER and GATHER_ND (`docs/numerics.md` §7.7).

use crate::error::{Error, Result};
use crate::shape::{check_length, element_count};

/// Parameters of [`gather`].
#[derive(Clone, Debug)]
pub struct GatherParams<'a> {
    /// Shape of the input.
    pub input_shape: &'a [usize],
    /// Shape of the indices.
    pub indices_shape: &'a [usize],
    /// The dimension that the indices select from.
    pub axis: usize,
    /// Leading dimensions that input and indices share; at most `axis`.
    pub batch_dims: usize,
}

fn checked(index: i64, size: usize) -> Result<usize> {
    let inside = usize::try_from(index).ok().filter(|&inside| inside < size);
    inside.ok_or(Error::IndexOutOfRange { index, size })
}

/// Selects along `axis`: the output has the indices' dimensions in its place.
///
/// # Errors
/// When an index is negative or beyond the axis.
///
/// # Panics
/// When a slice does not match its shape.
pub fn gather<X: Copy>(params: &GatherParams<'_>, input: &[X], indices: &[i64], output: &mut [X]) -> Result<()> {
    let GatherParams { input_shape, indices_shape, axis, batch_dims } = *params;
    check_length("the input", input.len(), element_count(input_shape));
    check_length("the indices", indices.len(), element_count(indices_shape));
    let batches = element_count(&input_shape[..batch_dims]);
    let outer = element_count(&input_shape[batch_dims..axis]);
    let size = input_shape[axis];
    let inner = element_count(&input_shape[axis + 1..]);
    let each = element_count(&indices_shape[batch_dims..]);
    check_length("the output", output.len(), batches * outer * each * inner);
    let mut next = output.iter_mut();
    for batch in 0..batches {
        for outer_index in batch * outer..(batch + 1) * outer {
            for &index in &indices[batch * each..(batch + 1) * each] {
                let first = (outer_index * size + checked(index, size)?) * inner;
                for (&value, out) in input[first..first + inner].iter().zip(&mut next) {
                    *out = value;
                }
            }
        }
    }
    Ok(())
}

/// Selects with coordinates: the last dimension of the indices holds one coordinate for each of the first `depth`
/// dimensions of the input.
///
/// # Errors
/// When a coordinate is negative or beyond its dimension.
///
/// # Panics
/// When a slice does not match its shape.
pub fn gather_nd<X: Copy>(
    input_shape: &[usize],
    depth: usize,
    input: &[X],
    indices: &[i64],
    output: &mut [X],
) -> Result<()> {
    check_length("the input", input.len(), element_count(input_shape));
    let inner = element_count(&input_shape[depth..]);
    if inner == 0 {
        return Ok(());
    }
    let entries = output.len() / inner;
    check_length("the output", output.len(), entries * inner);
    check_length("the indices", indices.len(), entries * depth);
    for (entry, out) in output.chunks_exact_mut(inner).enumerate() {
        let mut pixel = 0;
        for (&index, &size) in indices[entry * depth..(entry + 1) * depth].iter().zip(input_shape) {
            pixel = pixel * size + checked(index, size)?;
        }
        out.copy_from_slice(&input[pixel * inner..(pixel + 1) * inner]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_outside_are_errors() {
        let params = GatherParams { input_shape: &[3], indices_shape: &[1], axis: 0, batch_dims: 0 };
        for index in [-1, 3, i64::MIN, i64::MAX] {
            let outside = Err(Error::IndexOutOfRange { index, size: 3 });
            assert_eq!(gather(&params, &[1, 2, 3], &[index], &mut [0]), outside);
            assert_eq!(gather_nd(&[3], 1, &[1, 2, 3], &[index], &mut [0]), outside);
        }
        let mut output = [0];
        assert_eq!(gather(&params, &[1, 2, 3], &[2], &mut output), Ok(()));
        assert_eq!(output, [3]);
    }
}
