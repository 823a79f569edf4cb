//! MEAN (`docs/numerics.md` §7.15), and what SUM has in common with it.

use super::reduction::Reduction;
use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::shape::check_length;

/// Parameters of [`mean`].
#[derive(Clone, Debug)]
pub struct MeanParams<'a> {
    /// Shape of the input.
    pub input_shape: &'a [usize],
    /// For each dimension whether it is reduced; see [`super::reduction::reduced_dimensions`].
    pub reduced: &'a [bool],
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Input scale over output scale, from [`crate::scales::rescale`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// The multiplier of a sum of `count` elements: the mantissa divided by the count, truncating and
/// without normalizing, after as much of the count as a shift can take.
///
/// # Panics
/// When `count` is 0.
pub fn divide_multiplier(multiplier: Multiplier, count: u64) -> Multiplier {
    assert!(count > 0, "the mean of no elements");
    let shift = (63 - count.leading_zeros() as i32).min(32).min(31 + multiplier.shift);
    let mantissa = (i128::from(multiplier.mantissa) << shift) / i128::from(count);
    Multiplier { mantissa: mantissa as i32, shift: multiplier.shift - shift }
}

/// Mean over the reduced dimensions. The output holds the remaining dimensions, row-major.
///
/// # Panics
/// When a slice does not match its shape, `reduced` has another rank, or the reduced dimensions
/// hold no element.
pub fn mean<X: Quantized>(params: &MeanParams<'_>, input: &[X], output: &mut [X]) {
    if output.is_empty() {
        return;
    }
    let multiplier = divide_multiplier(params.multiplier, reduction(params).count() as u64);
    rescaled_sum(params, multiplier, input, output);
}

/// The sum over the reduced dimensions times `multiplier`, with zero points.
pub(crate) fn rescaled_sum<X: Quantized>(
    params: &MeanParams<'_>,
    multiplier: Multiplier,
    input: &[X],
    output: &mut [X],
) {
    let reduction = reduction(params);
    let sums = reduction.fold(input, 0_i32, |sum, x| sum.wrapping_add(x.to_i32()));
    check_length("the output", output.len(), sums.len());
    let offset = i64::from(params.input_zero_point).wrapping_mul(reduction.count() as i64);
    for (out, &sum) in output.iter_mut().zip(&sums) {
        let centred = i64::from(sum).wrapping_sub(offset) as i32;
        *out = X::from_clamped(multiplier.apply(centred).wrapping_add(params.output_zero_point));
    }
}

fn reduction<'a>(params: &MeanParams<'a>) -> Reduction<'a> {
    Reduction { input_shape: params.input_shape, reduced: params.reduced }
}
