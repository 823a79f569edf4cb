//! Fused products of float32 without the instruction, by float64.
//!
//! A product of two float32 is a float64: 48 bits, and exponents far from the ends. The sum with a third is rounded to 53 bits
//! and then to 24. Rounding twice goes wrong only where the first result is halfway between two float32, or where float32 have
//! fewer bits, below their least normal number.

/// Bits of a float64 beyond those of a normal float32, and those of a number halfway between two.
pub(super) const BEYOND: u64 = 0x1FFF_FFFF;
pub(super) const HALFWAY: u64 = 0x1000_0000;

/// `sum + a · b`, rounded once.
#[inline(always)]
pub(super) fn fused(sum: f32, a: f32, b: f32) -> f32 {
    let product = f64::from(a) * f64::from(b);
    let total = product + f64::from(sum);
    let small = total.abs() < f64::from(f32::MIN_POSITIVE) && total != 0.0;
    if total.to_bits() & BEYOND == HALFWAY || small { carefully(sum, a, b) } else { total as f32 }
}

/// [`fused`] wherever results lie. The first rounding is to odd: a number between two float64 becomes the one whose last bit is 1,
/// which is halfway between two float32 only if it is exact.
#[cold]
pub(super) fn carefully(sum: f32, a: f32, b: f32) -> f32 {
    let (product, sum) = (f64::from(a) * f64::from(b), f64::from(sum));
    let total = product + sum;
    let part = total - product;
    let error = (product - (total - part)) + (sum - part);
    let odd = match total.to_bits() & 1 {
        // An error of NaN comes of infinities, which stay.
        0 if error.abs() > 0.0 => {
            let away = (error > 0.0) == (total > 0.0);
            f64::from_bits(if away { total.to_bits() + 1 } else { total.to_bits() - 1 })
        }
        _ => total,
    };
    odd as f32
}
