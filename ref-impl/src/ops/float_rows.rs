//! SOFTMAX, LOG_SOFTMAX and L2_NORMALIZATION of real numbers (`docs/numerics.md` §14), each row of the last dimension by
//! itself.

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::real::{exp, ln, one_nan};

/// The least length that L2_NORMALIZATION divides by.
const LEAST_LENGTH: f32 = 1e-6;

/// SOFTMAX: exponentials of `(x - max) · beta`, divided by their sum in the order of the row.
///
/// # Panics
/// When `depth` is 0 or does not divide the input, or input and output differ in length.
pub fn softmax_f32(beta: f32, depth: usize, input: &[f32], output: &mut [f32]) {
    for_each_row(depth, input, output, |row, out| {
        let max = greatest(row);
        let mut sum = 0.0;
        for (x, out) in row.iter().zip(&mut *out) {
            *out = exp((x - max) * beta);
            sum += *out;
        }
        out.iter_mut().for_each(|out| *out = one_nan(*out / sum));
    });
}

/// LOG_SOFTMAX: `(x - max)` less the logarithm of the sum of their exponentials.
///
/// # Panics
/// As [`softmax_f32`].
pub fn log_softmax_f32(depth: usize, input: &[f32], output: &mut [f32]) {
    for_each_row(depth, input, output, |row, out| {
        let max = greatest(row);
        let sum = row.iter().fold(0.0, |sum, x| sum + exp(x - max));
        let logarithm = ln(sum);
        for (x, out) in row.iter().zip(out) {
            *out = one_nan(x - max - logarithm);
        }
    });
}

/// L2_NORMALIZATION: each element divided by the length of its row, which is at least 10^-6. The squares are rounded, and
/// so is each of their additions.
///
/// # Panics
/// As [`softmax_f32`].
pub fn l2_normalization_f32(depth: usize, input: &[f32], output: &mut [f32]) {
    for_each_row(depth, input, output, |row, out| {
        let length = row.iter().fold(0.0_f32, |sum, x| sum + x * x).sqrt();
        let length = if length < LEAST_LENGTH { LEAST_LENGTH } else { length };
        for (x, out) in row.iter().zip(out) {
            *out = one_nan(x / length);
        }
    });
}

/// The greatest element, or the least finite number where none is larger; NaN is never larger.
fn greatest(row: &[f32]) -> f32 {
    row.iter().fold(f32::MIN, |max, &x| if max < x { x } else { max })
}

fn for_each_row(depth: usize, input: &[f32], output: &mut [f32], function: impl Fn(&[f32], &mut [f32])) {
    assert!(depth > 0 && input.len().is_multiple_of(depth), "rows of {depth} elements do not divide {}", input.len());
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (row, out) in input.chunks(depth).zip(output.chunks_mut(depth)) {
        function(row, out);
    }
}
