//! SOFTMAX of 8-bit tensors in fixed point (`docs/numerics.md` §7.13).
//!
//! A row depends on its input only through `max - x`, one of 256 values, so the exponentials are a
//! table per operator: [`SoftmaxParams::exponentials`]. [`RowScale`] is the other half, the
//! reciprocal of their sum.

use crate::element::Quantized;
use crate::error::Result;
use crate::fixed::{Multiplier, rounding_divide_by_pot, saturating_left_shift, saturating_rounding_doubling_high_mul};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::shape::check_length;

/// Integer bits of the scaled differences (Q5.26).
const DIFFERENCE_INTEGER_BITS: u32 = 5;
/// Integer bits of the sum of exponentials (Q12.19).
const SUM_INTEGER_BITS: i32 = 12;

/// Parameters of [`softmax`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftmaxParams {
    /// Brings a difference of stored values to Q5.26; at least one.
    pub multiplier: Multiplier,
    /// The most negative difference that still counts; anything below is zero probability.
    pub diff_min: i32,
}

impl SoftmaxParams {
    /// From the operator's `beta` and the scale of its input.
    ///
    /// # Errors
    /// When `beta · scale · 2^26` is not above 1.
    pub fn new(beta: f32, input_scale: f32) -> Result<Self> {
        let fraction_bits = 31 - DIFFERENCE_INTEGER_BITS;
        let real = f64::from(beta) * f64::from(input_scale) * f64::from(1_u32 << fraction_bits);
        // Not `f64::min`, which would turn NaN into a valid multiplier.
        let limited = if real > f64::from(i32::MAX) { f64::from(i32::MAX) } else { real };
        let multiplier = Multiplier::above_one(limited)?;
        let largest = f64::from((1_u32 << DIFFERENCE_INTEGER_BITS) - 1) * f64::from(1_u32 << fraction_bits);
        let radius = (largest / (1_u64 << multiplier.shift) as f64).floor();
        Ok(Self { multiplier, diff_min: -(radius as i32) })
    }

    /// `exp(diff · beta · scale)` in Q0.31 for a difference `diff <= 0` of stored values; 0 below
    /// `diff_min`, which makes such an element add nothing and come out as zero probability.
    pub fn exponential(&self, diff: i32) -> i32 {
        if diff < self.diff_min { 0 } else { exp_on_negative_values(self.multiplier.apply_above_one(diff)) }
    }

    /// [`SoftmaxParams::exponential`] of `-index` for every difference of two 8-bit values.
    pub fn exponentials(&self) -> [i32; 256] {
        core::array::from_fn(|index| self.exponential(-(index as i32)))
    }
}

/// What an element of [`SoftmaxParams::exponentials`] adds to the sum of its row (Q12.19).
pub fn summand(exponential: i32) -> i32 {
    rounding_divide_by_pot(exponential, SUM_INTEGER_BITS)
}

/// The reciprocal of a row's sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowScale {
    /// Reciprocal of the normalized sum, Q0.31.
    pub reciprocal: i32,
    /// Right shift that ends in units of 1/256 for 8-bit outputs, of 1/65536 for 16-bit ones.
    pub exponent: i32,
}

impl RowScale {
    /// From the sum of the [`summand`]s of a row, saturating at `i32::MAX`; the probability is to end
    /// in units of 1/256.
    pub fn new(sum: i32) -> Self {
        Self::with_bits(sum, 8)
    }

    /// [`RowScale::new`] with probabilities in units of `2^-bits`.
    pub fn with_bits(sum: i32, bits: i32) -> Self {
        let headroom = sum.leading_zeros();
        let normalized = ((sum as u32) << headroom).wrapping_sub(1 << 31) as i32;
        Self { reciprocal: one_over_one_plus_x(normalized), exponent: SUM_INTEGER_BITS - headroom as i32 + 31 - bits }
    }

    /// Probability of an element in the units of the output, before the output type's minimum is added.
    ///
    /// Upstream aborts when the exponent exceeds 31, which takes 512 elements at the maximum. The
    /// formula carried on gives 0 there, and so does this.
    pub fn probability(&self, exponential: i32) -> i32 {
        if self.exponent > 31 {
            return 0;
        }
        let product = saturating_rounding_doubling_high_mul(self.reciprocal, exponential);
        rounding_divide_by_pot(product, self.exponent)
    }
}

/// Softmax over the last dimension; the output has scale 1/256, or 1/65536 where it is int16, and the
/// type's minimum as its zero point.
///
/// # Panics
/// When `depth` is 0 or does not divide the input, or input and output differ in length.
pub fn softmax<X: Quantized, Y: Quantized>(params: &SoftmaxParams, depth: usize, input: &[X], output: &mut [Y]) {
    assert!(depth > 0 && input.len().is_multiple_of(depth), "rows of {depth} elements do not divide {}", input.len());
    check_length("the output", output.len(), input.len());
    for (row, out_row) in input.chunks(depth).zip(output.chunks_mut(depth)) {
        let largest = row.iter().map(|x| x.to_i32()).max().unwrap_or(X::MIN);
        let exponential = |x: &X| params.exponential(x.to_i32() - largest);
        // Saturates only where every probability is below half a unit anyway.
        let sum = row.iter().fold(0_i32, |sum, x| sum.saturating_add(summand(exponential(x))));
        let scale = RowScale::with_bits(sum, 8 * size_of::<Y>() as i32);
        for (x, out) in row.iter().zip(out_row) {
            let probability = scale.probability(exponential(x));
            *out = Y::from_clamped(probability.wrapping_add(Y::MIN));
        }
    }
}

/// `exp(a)` in Q0.31 for `a <= 0` in Q5.26.
pub fn exp_on_negative_values(a: i32) -> i32 {
    /// `exp(-2^(bit - 26))` in Q0.31 for each bit of the part that is a multiple of 1/4.
    const FACTORS: [(u32, i32); 7] = [
        (24, 1_672_461_947),
        (25, 1_302_514_674),
        (26, 790_015_084),
        (27, 290_630_308),
        (28, 39_332_535),
        (29, 720_401),
        (30, 242),
    ];
    if a == 0 {
        return i32::MAX;
    }
    let reduced = (a & ((1 << 24) - 1)) - (1 << 24);
    let rest = reduced.wrapping_sub(a);
    FACTORS.iter().fold(
        exp_between_negative_quarter_and_zero(reduced << DIFFERENCE_INTEGER_BITS),
        |product, &(bit, factor)| {
            if rest & (1 << bit) == 0 { product } else { saturating_rounding_doubling_high_mul(product, factor) }
        },
    )
}

/// `exp(a)` in Q0.31 for `a` in [-1/4, 0), Q0.31: a Taylor polynomial around -1/8.
fn exp_between_negative_quarter_and_zero(a: i32) -> i32 {
    /// `exp(-1/8)` in Q0.31.
    const EXP_MINUS_EIGHTH: i32 = 1_895_147_668;
    /// 1/3 in Q0.31.
    const THIRD: i32 = 715_827_883;
    let mul = saturating_rounding_doubling_high_mul;
    let x = a + (1 << 28);
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4 = mul(x2, x2);
    let tail = rounding_divide_by_pot(mul(rounding_divide_by_pot(x4, 2) + x3, THIRD) + x2, 1);
    EXP_MINUS_EIGHTH + mul(EXP_MINUS_EIGHTH, x + tail)
}

/// `1 / (1 + a)` in Q0.31 for `a` in [0, 1), Q0.31: three Newton steps in Q2.29.
pub fn one_over_one_plus_x(a: i32) -> i32 {
    /// 48/17 and -32/17 in Q2.29: the best line through 1/x on [1/2, 1].
    const LINE: (i32, i32) = (1_515_870_810, -1_010_580_540);
    let mul = saturating_rounding_doubling_high_mul;
    let half_denominator = ((i64::from(a) + i64::from(i32::MAX) + 1) / 2) as i32;
    let mut x = LINE.0.wrapping_add(mul(half_denominator, LINE.1));
    for _ in 0..3 {
        let error = (1_i32 << 29).wrapping_sub(mul(half_denominator, x));
        x = x.wrapping_add(saturating_left_shift(mul(x, error), 2));
    }
    saturating_left_shift(x, 1)
}
