//! Reductions over any dimensions (`docs/numerics.md` §7.16, §7.28); MEAN of quantized elements is in [`super::mean`].

use alloc::vec;
use alloc::vec::Vec;

use super::mean::MeanParams;
use crate::element::Quantized;
use crate::fixed::Multiplier;
use crate::real;
use crate::shape::{check_length, element_count};

/// What is reduced. Results hold the remaining dimensions, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Reduction<'a> {
    /// Shape of the input.
    pub input_shape: &'a [usize],
    /// For each dimension whether it is reduced; see [`reduced_dimensions`].
    pub reduced: &'a [bool],
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

impl Reduction<'_> {
    /// Elements of the input for each element of the output.
    pub fn count(&self) -> usize {
        self.extent(true)
    }

    fn extent(&self, reduced: bool) -> usize {
        let sizes = self.input_shape.iter().zip(self.reduced);
        sizes.filter(|&(_, &is_reduced)| is_reduced == reduced).map(|(size, _)| size).product()
    }

    /// Output elements from one index of each dimension to the next; 0 for those that are reduced.
    fn output_strides(&self) -> Vec<usize> {
        let mut strides = vec![0; self.input_shape.len()];
        let mut next = 1;
        for (axis, stride) in strides.iter_mut().enumerate().rev().filter(|&(axis, _)| !self.reduced[axis]) {
            *stride = next;
            next *= self.input_shape[axis];
        }
        strides
    }

    /// For each output element `step` of all its input elements in their order, from `first` on.
    ///
    /// # Panics
    /// When the input does not match its shape, or `reduced` has another rank.
    pub fn fold<T: Copy, S: Copy>(&self, input: &[T], first: S, step: impl Fn(S, T) -> S) -> Vec<S> {
        assert_eq!(self.reduced.len(), self.input_shape.len(), "rank of the reduction");
        check_length("the input", input.len(), element_count(self.input_shape));
        let mut results = vec![first; self.extent(false)];
        let strides = self.output_strides();
        let (mut at, mut target) = (vec![0; strides.len()], 0);
        for &x in input {
            results[target] = step(results[target], x);
            // On to the next element's coordinates, and what they are in the output.
            for (axis, &size) in self.input_shape.iter().enumerate().rev() {
                at[axis] += 1;
                target += strides[axis];
                if at[axis] < size {
                    break;
                }
                target -= strides[axis] * size;
                at[axis] = 0;
            }
        }
        results
    }
}

/// A number that is reduced as it is, without scale and zero point.
pub trait Number: Copy + PartialOrd {
    /// The result of REDUCE_MAX over nothing; for f32 it is finite.
    const LOWEST: Self;
    /// The result of REDUCE_MIN over nothing; for f32 it is finite.
    const HIGHEST: Self;
    /// The result of SUM over nothing.
    const ZERO: Self;
    /// The result of REDUCE_PROD over nothing.
    const ONE: Self;

    /// The sum; integers wrap.
    fn plus(self, other: Self) -> Self;

    /// The product; integers wrap.
    fn times(self, other: Self) -> Self;

    /// The number; where it is no number, the one NaN that operators compute.
    fn one_nan(self) -> Self {
        self
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Number for $type {
            const LOWEST: Self = <$type>::MIN;
            const HIGHEST: Self = <$type>::MAX;
            const ZERO: Self = 0;
            const ONE: Self = 1;

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
        }
    )*};
}

integers!(i8, u8, i16, i32, i64);

impl Number for f32 {
    const LOWEST: Self = Self::MIN;
    const HIGHEST: Self = Self::MAX;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn one_nan(self) -> Self {
        real::one_nan(self)
    }
}

/// REDUCE_MAX: the largest element. NaN is never larger.
///
/// # Panics
/// When a slice does not match its shape.
pub fn reduce_max<T: Number>(reduction: &Reduction<'_>, input: &[T], output: &mut [T]) {
    let largest = reduction.fold(input, T::LOWEST, |largest, x| if x > largest { x } else { largest });
    output.copy_from_slice(&largest);
}

/// REDUCE_MIN: the smallest element. NaN is never smaller.
///
/// # Panics
/// When a slice does not match its shape.
pub fn reduce_min<T: Number>(reduction: &Reduction<'_>, input: &[T], output: &mut [T]) {
    let smallest = reduction.fold(input, T::HIGHEST, |smallest, x| if x < smallest { x } else { smallest });
    output.copy_from_slice(&smallest);
}

/// SUM of numbers without scales.
///
/// # Panics
/// When a slice does not match its shape.
pub fn sum_of_numbers<T: Number>(reduction: &Reduction<'_>, input: &[T], output: &mut [T]) {
    store(reduction.fold(input, T::ZERO, T::plus), output);
}

/// REDUCE_PROD of numbers without scales.
///
/// # Panics
/// When a slice does not match its shape.
pub fn product_of_numbers<T: Number>(reduction: &Reduction<'_>, input: &[T], output: &mut [T]) {
    store(reduction.fold(input, T::ONE, T::times), output);
}

/// Stores results of arithmetic.
fn store<T: Number>(results: Vec<T>, output: &mut [T]) {
    check_length("the output", output.len(), results.len());
    for (out, result) in output.iter_mut().zip(results) {
        *out = result.one_nan();
    }
}

/// MEAN of f32: the sum in f32, divided by the count. The mean of nothing is NaN.
///
/// # Panics
/// When a slice does not match its shape.
pub fn mean_of_floats(reduction: &Reduction<'_>, input: &[f32], output: &mut [f32]) {
    let count = reduction.count() as f32;
    let sums = reduction.fold(input, 0.0_f32, |sum, x| sum + x);
    store(sums.iter().map(|sum| sum / count).collect(), output);
}

/// MEAN of integers: the sum in 64 bits, wrapping, divided by the count, truncating. The mean of nothing is 0.
///
/// # Panics
/// When a slice does not match its shape.
pub fn mean_of_integers<T: Copy + Into<i64>>(
    reduction: &Reduction<'_>,
    input: &[T],
    output: &mut [T],
    from: impl Fn(i64) -> T,
) {
    let count = reduction.count() as i64;
    let sums = reduction.fold(input, 0_i64, |sum, x| sum.wrapping_add(x.into()));
    check_length("the output", output.len(), sums.len());
    for (out, sum) in output.iter_mut().zip(sums) {
        *out = from(sum.checked_div(count).unwrap_or(0));
    }
}

/// SUM of quantized elements: as MEAN without the division. Only uint8 is what the oracle computes, too; for signed
/// types the oracle's kernel reads its operand as uint8.
///
/// # Panics
/// When a slice does not match its shape, or `reduced` has another rank.
pub fn sum<X: Quantized>(params: &MeanParams<'_>, input: &[X], output: &mut [X]) {
    super::mean::rescaled_sum(params, params.multiplier, input, output);
}

/// Parameters of [`reduce_prod`].
#[derive(Clone, Debug)]
pub struct ReduceProdParams<'a> {
    /// What is reduced.
    pub reduction: Reduction<'a>,
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// From [`crate::scales::reduce_prod`].
    pub multiplier: Multiplier,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

/// REDUCE_PROD of quantized elements: each factor after the first, and the end, is a multiplication by the multiplier;
/// products are cut to 32 bits in between.
///
/// # Panics
/// When a slice does not match its shape, or the multiplier is too large for 64-bit products.
pub fn reduce_prod<X: Quantized>(params: &ReduceProdParams<'_>, input: &[X], output: &mut [X]) {
    let products = params.reduction.fold(input, None, |product: Option<i32>, x| {
        let x = x.to_i32().wrapping_sub(params.input_zero_point);
        let scaled = |product: i32| params.multiplier.apply_wide(i64::from(product) * i64::from(x));
        Some(product.map_or(x, scaled))
    });
    check_length("the output", output.len(), products.len());
    for (out, product) in output.iter_mut().zip(products) {
        let scaled = params.multiplier.apply_wide(i64::from(product.unwrap_or(1)));
        *out = X::from_clamped(scaled.wrapping_add(params.output_zero_point));
    }
}
