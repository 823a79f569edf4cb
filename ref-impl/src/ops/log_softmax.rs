//! LOG_SOFTMAX of 8-bit tensors in fixed point (`docs/numerics.md` §7.26).

use crate::element::Quantized;
use crate::error::{Error, Result};
use crate::fixed::{Multiplier, rounding_divide_by_pot, saturating_left_shift, saturating_rounding_doubling_high_mul};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::ops::softmax::{SoftmaxParams, one_over_one_plus_x, summand};

/// Fraction bits that a logarithm (Q5.26) loses to units of 1/16.
const OUTPUT_SHIFT: i32 = 31 - 5 - 4;

/// Parameters of [`log_softmax`].
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmaxParams {
    /// The scaling of SOFTMAX with a beta of 1.
    pub softmax: SoftmaxParams,
    /// Brings a Q5.26 logarithm back to differences of stored values.
    pub reverse: Multiplier,
}

impl LogSoftmaxParams {
    /// From the scale of the input.
    ///
    /// # Errors
    /// When the scale is too small for the arithmetic.
    pub fn new(input_scale: f32) -> Result<Self> {
        let softmax = SoftmaxParams::new(1.0, input_scale)?;
        let Multiplier { mantissa, shift } = softmax.multiplier;
        let one = f64::from(31 - shift).exp2();
        if shift == 0 {
            return Err(Error::MultiplierNotAboveOne(f64::from(input_scale)));
        }
        Ok(Self { softmax, reverse: Multiplier::below_one(one / f64::from(mantissa))? })
    }

    /// A difference of stored values in Q5.26.
    fn scaled(&self, diff: i32) -> i32 {
        self.softmax.multiplier.apply_above_one(diff)
    }
}

/// Logarithms of the softmax over the last dimension; the output has scale 1/16 and the type's
/// maximum as its zero point.
///
/// # Panics
/// When `depth` is 0 or does not divide the input, or input and output differ in length.
pub fn log_softmax<X: Quantized>(params: &LogSoftmaxParams, depth: usize, input: &[X], output: &mut [X]) {
    assert!(depth > 0 && input.len().is_multiple_of(depth), "rows of {depth} elements do not divide {}", input.len());
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (row, out_row) in input.chunks(depth).zip(output.chunks_mut(depth)) {
        let largest = row.iter().map(|x| x.to_i32()).max().unwrap_or(X::MIN);
        let summands = row.iter().map(|x| summand(params.softmax.exponential(x.to_i32() - largest)));
        let log = log_of_sum(summands.fold(0, i32::saturating_add));
        let limit = params.reverse.apply(log.wrapping_add(i32::MIN)).max(params.softmax.diff_min - 1);
        for (x, out) in row.iter().zip(out_row) {
            let diff = x.to_i32() - largest;
            *out = X::from_clamped(if diff > limit {
                rounding_divide_by_pot(params.scaled(diff).wrapping_sub(log), OUTPUT_SHIFT).wrapping_add(X::MAX)
            } else {
                X::MIN
            });
        }
    }
}

/// The natural logarithm (Q5.26) of a number of at least 1 (Q12.19).
fn log_of_sum(z: i32) -> i32 {
    /// Half the root of two, ln 2 (Q0.31) and the middle of the polynomial's interval.
    const HALF_SQRT_2: i32 = 1_518_500_250;
    const LN_2: i32 = 1_488_522_236;
    const CENTRE: i32 = 1_805_811_301;
    /// Coefficients of a quotient of polynomials, Q0.31.
    const NUMERATOR_CUBED: i32 = 117_049_297;
    const DENOMINATOR: [i32; 3] = [127_690_142, 1_057_819_769, 638_450_708];
    let mul = saturating_rounding_doubling_high_mul;

    // The number as a power of two times something near 1: half the root of two more or less.
    let leading = z.leading_zeros() as i32;
    let above = saturating_left_shift(mul(z.wrapping_shl((leading - 1) as u32), HALF_SQRT_2), 1);
    let power_above = ((12 - leading) << 25).saturating_add(1 << 23);
    let headroom = mul(z, HALF_SQRT_2).leading_zeros() as i32 - 1;
    let below = if headroom > 0 { saturating_left_shift(z, headroom as u32) } else { z };
    let power_below = ((12 - headroom) << 25).saturating_sub(1 << 23);
    let (r, power) = (above.min(below), power_above.max(power_below));

    let half_sum = ((i64::from(r) + i64::from(CENTRE) + 1) / 2) as i32;
    let q = r.wrapping_sub(CENTRE).wrapping_mul(2);
    let q2 = mul(q, q);
    let numerator = mul(q, r).wrapping_add(mul(mul(q, q2), NUMERATOR_CUBED));
    let [d0, d1, d2] = DENOMINATOR;
    let inner = d1.wrapping_add(q).wrapping_add(mul(d0, q2));
    let denominator = mul(half_sum, inner).wrapping_add(mul(d2, q));
    let quotient = mul(rounding_divide_by_pot(numerator, 6), one_over_one_plus_x(denominator));
    saturating_left_shift(mul(power, LN_2).wrapping_add(quotient), 1)
}
