//! MEAN (`docs/numerics.md` §7.15).

use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::shape::{check_length, coordinates, element_count};

/// Parameters of [`mean`].
#[derive(Clone, Debug)]
pub struct MeanParams<'a> {
    /// Shape of the input.
    pub input_shape: &'a [usize],
    /// For each dimension whether it is reduced; see [`reduced_dimensions`].
    pub reduced: &'a [bool],
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Input scale over output scale, from [`crate::scales::rescale`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// Which dimensions `axes` names: negative axes count from the end, repeated ones count once.
/// `None` when an axis is outside the rank.
pub fn reduced_dimensions(axes: &[i32], rank: usize) -> Option<Vec<bool>> {
    let mut reduced = vec![false; rank];
    for &axis in axes {
        let from_start = if axis < 0 { rank.checked_sub(axis.unsigned_abs() as usize)? } else { axis as usize };
        *reduced.get_mut(from_start)? = true;
    }
    Some(reduced)
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
    let shape = params.input_shape;
    assert_eq!(params.reduced.len(), shape.len(), "rank of the reduction");
    check_length("the input", input.len(), element_count(shape));
    let extent_of = |kept: bool| -> usize {
        let sizes = shape.iter().zip(params.reduced);
        sizes.map(|(&size, &reduced)| if reduced == kept { 1 } else { size }).product()
    };
    check_length("the output", output.len(), extent_of(true));
    if output.is_empty() {
        return;
    }

    let mut sums = vec![0_i32; output.len()];
    for (index, x) in input.iter().enumerate() {
        let at = coordinates(shape, index);
        let mut target = 0;
        for (axis, &size) in shape.iter().enumerate() {
            if !params.reduced[axis] {
                target = target * size + at[axis];
            }
        }
        sums[target] = sums[target].wrapping_add(x.to_i32());
    }

    let count = extent_of(false) as u64;
    let multiplier = divide_multiplier(params.multiplier, count);
    let offset = i64::from(params.input_zero_point).wrapping_mul(count as i64);
    for (out, &sum) in output.iter_mut().zip(&sums) {
        let centred = i64::from(sum).wrapping_sub(offset) as i32;
        *out = X::from_clamped(multiplier.apply(centred).wrapping_add(params.output_zero_point));
    }
}
