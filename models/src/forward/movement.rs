//! Concatenation and padding of centered values.

/// Concatenates samples along `axis`; each part is a sample with its shape, and all shapes agree in the other axes.
pub(crate) fn concat(parts: &[(&[i16], &[usize])], axis: usize) -> Vec<i16> {
    let outer: usize = parts.first().map_or(0, |(_, shape)| shape[..axis].iter().product());
    let mut output = Vec::new();
    for row in 0..outer {
        for (sample, shape) in parts {
            let run: usize = shape[axis..].iter().product();
            output.extend_from_slice(&sample[row * run..][..run]);
        }
    }
    output
}

/// A sample of `shape` with `padding[axis] = (before, after)` zeros around it.
pub(crate) fn pad(sample: &[i16], shape: &[usize], padding: &[(usize, usize)]) -> Vec<i16> {
    let padded: Vec<usize> = shape.iter().zip(padding).map(|(n, (before, after))| n + before + after).collect();
    let mut output = vec![0i16; padded.iter().product()];
    let run = shape.last().copied().unwrap_or(1).max(1);
    for (row, values) in sample.chunks(run).enumerate() {
        let (mut rest, mut stride, mut at) = (row * run, 1, 0);
        for axis in (0..shape.len()).rev() {
            at += (rest % shape[axis] + padding[axis].0) * stride;
            stride *= padded[axis];
            rest /= shape[axis];
        }
        output[at..at + values.len()].copy_from_slice(values);
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concat_interleaves_rows() {
        let both = concat(&[(&[1, 2, 3, 4], &[2, 2]), (&[5, 6], &[2, 1])], 1);
        assert_eq!(both, [1, 2, 5, 3, 4, 6]);
        assert_eq!(concat(&[(&[1, 2], &[1, 2]), (&[3, 4, 5, 6], &[2, 2])], 0), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn pad_surrounds_with_zeros() {
        let padded = pad(&[1, 2, 3, 4], &[2, 2, 1], &[(1, 0), (0, 1), (0, 0)]);
        assert_eq!(padded, [0, 0, 0, 1, 2, 0, 3, 4, 0]);
    }
}
