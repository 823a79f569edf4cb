//! ARG_MAX and ARG_MIN (`docs/numerics.md` §7.8).

use crate::shape::check_length;

/// Which element is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// Index of the first extreme element of each line along an axis of `size` elements that follow each other at a distance
/// of `inner`.
///
/// # Panics
/// When the output does not hold one index a line, or when a line is empty.
pub fn arg_min_max<X: Copy + PartialOrd>(extreme: Extreme, [size, inner]: [usize; 2], input: &[X], output: &mut [i64]) {
    check_length("the input", input.len(), output.len() * size);
    for (line, out) in output.iter_mut().enumerate() {
        let first = line / inner * size * inner + line % inner;
        let mut best = 0;
        for index in 1..size {
            let (value, known) = (input[first + index * inner], input[first + best * inner]);
            let better = match extreme {
                Extreme::Max => value > known,
                Extreme::Min => value < known,
            };
            if better {
                best = index;
            }
        }
        *out = best as i64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_give_the_first_index() {
        let input = [3, 1, 7, 1, 7, 3];
        let run = |extreme, size, inner| {
            let mut output = vec![9; input.len() / size];
            arg_min_max(extreme, [size, inner], &input, &mut output);
            output
        };
        assert_eq!(run(Extreme::Max, 6, 1), [2]);
        assert_eq!(run(Extreme::Min, 6, 1), [1]);
        assert_eq!(run(Extreme::Max, 3, 2), [1, 2]);
        assert_eq!(run(Extreme::Min, 2, 3), [1, 0, 1]);
    }
}
