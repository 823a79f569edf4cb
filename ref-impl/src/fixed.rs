//! Fixed-point primitives (`docs/numerics.md` §2): every rounding the operators perform.
//!
//! A real multiplier `d` is kept as a Q0.31 mantissa in ±[2^30, 2^31) and a power of two. Applying
//! it rounds twice: once when the 64-bit product loses its low 31 bits (ties towards +∞), once
//! when the right shift divides (ties away from zero). The two roundings are part of the result;
//! nothing here merges them.

use crate::error::{Error, Result};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// A real multiplier `mantissa · 2^(shift - 31)`.
///
/// `mantissa` is 0 or has its magnitude in [2^30, 2^31), except for MEAN, which divides it by the
/// element count without normalizing. `shift` lies in -31..=31; positive shifts left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Multiplier {
    /// Q0.31 mantissa.
    pub mantissa: i32,
    /// Power of two; positive is a left shift.
    pub shift: i32,
}

impl Multiplier {
    /// The nearest representable multiplier (§2.1). Below 2^-32 the result is zero.
    ///
    /// # Errors
    /// When `real` is NaN, infinite, or needs a left shift of more than 31.
    pub fn from_f64(real: f64) -> Result<Self> {
        if !real.is_finite() {
            return Err(Error::MultiplierNotFinite(real));
        }
        if real == 0.0 {
            return Ok(Self::default());
        }
        let (fraction, mut shift) = frexp(real);
        let mut mantissa = (fraction * 2_147_483_648.0).round() as i64;
        // Only +1.0 needs the second step: -2^31 fits the mantissa, and upstream leaves it there.
        if mantissa == 1 << 31 {
            mantissa /= 2;
            shift += 1;
        }
        if shift < -31 {
            return Ok(Self::default());
        }
        if shift > 31 {
            return Err(Error::MultiplierTooLarge(real));
        }
        Ok(Self { mantissa: mantissa as i32, shift })
    }

    /// [`Multiplier::from_f64`] for operators defined only for multipliers in (0, 1).
    ///
    /// # Errors
    /// When `real` is not in (0, 1), or so near 1 that its mantissa rounds up to 1.
    pub fn below_one(real: f64) -> Result<Self> {
        if !(real > 0.0 && real < 1.0) {
            return Err(Error::MultiplierNotBelowOne(real));
        }
        let multiplier = Self::from_f64(real)?;
        if multiplier.shift > 0 {
            return Err(Error::MultiplierNotBelowOne(real));
        }
        Ok(multiplier)
    }

    /// [`Multiplier::from_f64`] for operators defined only for multipliers above 1.
    ///
    /// # Errors
    /// When `real` is not above 1 or needs a left shift of more than 31.
    pub fn above_one(real: f64) -> Result<Self> {
        if real <= 1.0 {
            return Err(Error::MultiplierNotAboveOne(real));
        }
        Self::from_f64(real)
    }

    /// This multiplier, if [`Multiplier::apply_wide`] can use it.
    ///
    /// # Errors
    /// When it is negative or shifts left by more than [`Multiplier::MAX_WIDE_SHIFT`].
    pub fn check_wide(self) -> Result<Self> {
        if self.mantissa < 0 || self.shift > Self::MAX_WIDE_SHIFT {
            return Err(Error::MultiplierNotWide(f64::from(self.mantissa) * f64::from(self.shift - 31).exp2()));
        }
        Ok(self)
    }

    /// Largest left shift that [`Multiplier::apply_wide`] can do: one bit is left to round.
    pub const MAX_WIDE_SHIFT: i32 = 14;

    /// `MultiplyByQuantizedMultiplier` (§2.3): left shift (wrapping), high product, right shift.
    pub fn apply(self, value: i32) -> i32 {
        let left = self.shift.max(0) as u32;
        let right = (-self.shift).max(0);
        rounding_divide_by_pot(saturating_rounding_doubling_high_mul(value.wrapping_shl(left), self.mantissa), right)
    }

    /// `MultiplyByQuantizedMultiplier` of a 64-bit sum (§2.4): the upper 16 bits of the mantissa, one rounding, ties
    /// towards +∞. Sums have 48 bits; wider ones wrap.
    ///
    /// # Panics
    /// When `shift` is above [`Multiplier::MAX_WIDE_SHIFT`].
    pub fn apply_wide(self, value: i64) -> i32 {
        assert!(self.shift <= Self::MAX_WIDE_SHIFT, "the multiplier is too large for a 64-bit sum");
        let mantissa = if self.mantissa < 0x7FFF_0000 { (self.mantissa + 0x8000) >> 16 } else { 0x7FFF };
        let shift = 15 - self.shift;
        (value.wrapping_mul(i64::from(mantissa)).wrapping_add(1 << (shift - 1)) >> shift) as i32
    }

    /// `MultiplyByQuantizedMultiplierSmallerThanOneExp`: [`Multiplier::apply`] without a left shift.
    ///
    /// # Panics
    /// When `shift` is positive.
    pub fn apply_below_one(self, value: i32) -> i32 {
        assert!(self.shift <= 0, "the multiplier must be below one");
        rounding_divide_by_pot(saturating_rounding_doubling_high_mul(value, self.mantissa), -self.shift)
    }

    /// `MultiplyByQuantizedMultiplierGreaterThanOne`: left shift, then high product.
    ///
    /// # Panics
    /// When `shift` is negative.
    pub fn apply_above_one(self, value: i32) -> i32 {
        assert!(self.shift >= 0, "the multiplier must be above one");
        saturating_rounding_doubling_high_mul(value.wrapping_shl(self.shift as u32), self.mantissa)
    }
}

/// Splits a finite non-zero `value` exactly into `(fraction, exponent)` with `|fraction|` in
/// [0.5, 1) and `value = fraction · 2^exponent`; (0, 0) for zero.
pub fn frexp(value: f64) -> (f64, i32) {
    const EXPONENT_MASK: u64 = 0x7FF << 52;
    if value == 0.0 {
        return (value, 0);
    }
    // A subnormal has no implicit leading one; 2^54 makes it normal exactly.
    let (normal, correction) =
        if value.to_bits() & EXPONENT_MASK == 0 { (value * 18_014_398_509_481_984.0, 54) } else { (value, 0) };
    let bits = normal.to_bits();
    let biased = ((bits & EXPONENT_MASK) >> 52) as i32;
    let fraction = f64::from_bits((bits & !EXPONENT_MASK) | (1022 << 52));
    (fraction, biased - 1022 - correction)
}

/// `SaturatingRoundingDoublingHighMul` (§2.2): `a·b / 2^31`, ties towards +∞; the one product that
/// does not fit, `MIN · MIN`, gives `MAX`.
pub fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    let product = i64::from(a) * i64::from(b);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    ((product + nudge) / (1 << 31)) as i32
}

/// `RoundingDivideByPOT` (§2.2): `value / 2^exponent`, ties away from zero.
///
/// # Panics
/// When `exponent` is outside 0..=31.
pub fn rounding_divide_by_pot(value: i32, exponent: i32) -> i32 {
    assert!((0..=31).contains(&exponent), "exponent {exponent} outside 0..=31");
    let mask = ((1_i64 << exponent) - 1) as i32;
    let remainder = value & mask;
    let threshold = (mask >> 1) + i32::from(value < 0);
    (value >> exponent) + i32::from(remainder > threshold)
}

/// `SaturatingRoundingMultiplyByPOT` with a positive exponent: `value · 2^exponent`, saturating.
///
/// # Panics
/// When `exponent` is outside 1..=30.
pub fn saturating_left_shift(value: i32, exponent: u32) -> i32 {
    assert!((1..=30).contains(&exponent), "exponent {exponent} outside 1..=30");
    let threshold = (1 << (31 - exponent)) - 1;
    if value > threshold {
        i32::MAX
    } else if value < -threshold {
        i32::MIN
    } else {
        value << exponent
    }
}

/// `static_cast<int32_t>` of a float as the oracle's machine does it: truncation, and `i32::MIN`
/// for NaN and for everything out of range in either direction: the definition in FULLY_CONNECTED
/// (§6.4).
pub fn truncate_to_i32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

/// The reciprocal square root of a positive number as a multiplier whose shift is not positive
/// (`GetInvSqrtQuantizedMultiplierExp`, §7.22); numbers below 2 count as 1.
pub fn inverse_sqrt(value: i32) -> Multiplier {
    /// 3/2 in Q3.28, and half the root of two in Q0.31.
    const THREE_HALVES: i32 = 402_653_184;
    const HALF_SQRT_2: i32 = 1_518_500_250;
    let mul = saturating_rounding_doubling_high_mul;
    if value <= 1 {
        return Multiplier { mantissa: i32::MAX, shift: 0 };
    }
    let (mut value, mut right) = (value, 11);
    while value >= 1 << 29 {
        value /= 4;
        right += 1;
    }
    // Between 2^27 and 2^29, by pairs of bits.
    let pairs = (value.leading_zeros() as i32 - 1) / 2 - 1;
    right -= pairs;
    value <<= 2 * pairs;
    let half = rounding_divide_by_pot(value >> 1, 1);
    // Newton's iteration in Q3.28 from 1.
    let mut x = 1 << 28;
    for _ in 0..5 {
        let cubed = saturating_left_shift(mul(mul(x, x), x), 6);
        x = saturating_left_shift(mul(THREE_HALVES, x).wrapping_sub(mul(half, cubed)), 3);
    }
    let mantissa = mul(x, HALF_SQRT_2);
    if right < 0 {
        return Multiplier { mantissa: mantissa << -right, shift: 0 };
    }
    Multiplier { mantissa, shift: -right }
}
