//! Proof that a requantization is one multiplication and addition of floats.
//!
//! A channel's outputs are at most 256 steps of its sums, and so are those of a fused multiply-add whose fraction is
//! cut off: both only ever rise. They are equal when they step at the same sums. A scale near the multiplier turns each step
//! into a lower and an upper bound of the offset:
//!
//! ```text
//! T the least sum whose output is at least k:   scale·T + offset >= k > scale·(T - 1) + offset + error
//! ```
//! where `error` is what rounding to a float may add below `k`. An offset within all bounds is the proof.
//! Sums of magnitude below `2^24` are floats themselves. Below 0 a number that is cut is not one that is rounded down, but
//! either is at most 0, which is at most the least output.

#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::quantization::{Multiplier, OutputRange};

/// Sums below this are floats.
const EXACT: i64 = 1 << 24;
/// Largest magnitude of a float that surely fits a 32-bit integer.
const MOST: f64 = 1e9;
/// Least shift that is tried: smaller multipliers hardly ever have a proof, and numbers stay below `2^55`.
const LEAST_SHIFT: i32 = -16;
/// Scales that are tried, in steps of a float's last digit.
const NEIGHBOURS: [i32; 5] = [0, 1, -1, 2, -2];

/// After so many outputs it is seen whether there is still an offset: what is refuted stays so.
const CHECKED: i32 = 8;

/// A requantization in floats: `scale·sum + offset`, rounded once, without its fraction, clamped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    pub(crate) scale: f32,
    /// For sums of at least 0, and for those below.
    pub(crate) offsets: [f32; 2],
}

/// The floats that give the stored output of every sum of magnitude at most `largest`; `None` where this search finds none.
///
/// One offset for both signs is preferred.
pub(crate) fn fit(multiplier: Multiplier, range: OutputRange, largest: i64) -> Option<Fit> {
    let Multiplier { mantissa, shift } = multiplier;
    if mantissa < 1 << 30
        || !(0..=255).contains(&range.zero)
        || !(LEAST_SHIFT..=0).contains(&shift)
        || largest >= EXACT
        || range.min < 0
        || range.max > 255
    {
        return None;
    }
    let scale = (f64::from(mantissa) * f64::from(shift - 31).exp2()) as f32;
    let find = |signs: Signs| {
        NEIGHBOURS.into_iter().find_map(|digits| {
            let scale = f32::from_bits(scale.to_bits().wrapping_add_signed(digits));
            offsets(multiplier, range, largest, scale, signs).map(|offsets| Fit { scale, offsets })
        })
    };
    find(Signs::Alike).or_else(|| find(Signs::Apart))
}

/// Whether sums of both signs have one offset. Where ties are rounded away from 0, those of small sums are often too far
/// apart for one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signs {
    Alike,
    Apart,
}

/// The least sums that give one output after the other.
struct Steps {
    mantissa: i64,
    shift: u32,
    least: i64,
    /// `least` times the mantissa, less the product that the output needs; below the mantissa.
    surplus: i64,
    /// What `least` rises by from an output to the next, rounded up, and what the surplus rises by then.
    rise: [i64; 2],
}

impl Steps {
    fn new(Multiplier { mantissa, shift }: Multiplier) -> Self {
        let (mantissa, shift) = (i64::from(mantissa), shift.unsigned_abs());
        let rise = ceiling(1 << (31 + shift), mantissa);
        Self { mantissa, shift, least: 0, surplus: 0, rise }
    }

    /// Goes to the output that is `above` the zero point.
    ///
    /// The rounding shift reaches it at `above·2^e - 2^(e - 1)`, where ties go up, or one higher where they
    /// do not; the rounding doubling product is `floor((sum·mantissa + 2^30) / 2^31)`.
    fn start(&mut self, above: i64) {
        let half = (1i64 << self.shift) >> 1;
        let high = (above << self.shift) - half + i64::from(half > 0 && above <= 0);
        [self.least, self.surplus] = ceiling((high << 31) - (1 << 30), self.mantissa);
    }

    /// Goes to the next output, which must round its ties as this one does.
    fn next(&mut self) {
        self.least += self.rise[0];
        self.surplus += self.rise[1];
        if self.surplus >= self.mantissa {
            self.least -= 1;
            self.surplus -= self.mantissa;
        }
    }
}

/// `a / b` rounded up, and how much more that times `b` is.
fn ceiling(a: i64, b: i64) -> [i64; 2] {
    [-(-a).div_euclid(b), (-a).rem_euclid(b)]
}

/// Bounds of an offset; units are a quarter of the scale's last digit.
#[derive(Clone, Copy)]
struct Bounds {
    low: i64,
    high: i64,
}

impl Bounds {
    const NONE: Self = Self { low: i64::MIN, high: i64::MAX };

    fn at_least(&mut self, bound: i64) {
        self.low = self.low.max(bound);
    }

    fn at_most(&mut self, bound: i64) {
        self.high = self.high.min(bound);
    }

    fn are_empty(self) -> bool {
        self.low > self.high
    }

    /// What fulfils both.
    fn and(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    /// The float in the middle, if it is within; an output has `1 << unit` units.
    fn middle(self, unit: u32) -> Option<f32> {
        let (low, high) = match (self.low, self.high) {
            (i64::MIN, i64::MAX) => (0, 0),
            (i64::MIN, high) => (high - (2 << unit), high),
            (low, i64::MAX) => (low, low + (2 << unit)),
            (low, high) => (low, high),
        };
        // Numbers below 2^53 are doubles, and so is a float times a power of two.
        let middle = (((low + high) / 2) as f64 / (1i64 << unit) as f64) as f32;
        let scaled = f64::from(middle) * (1i64 << unit) as f64;
        (low as f64..=high as f64).contains(&scaled).then_some(middle)
    }
}

/// Whether no offset is within the bounds.
fn is_refuted(positive: Bounds, negative: Bounds, signs: Signs) -> bool {
    match signs {
        Signs::Alike => positive.and(negative).are_empty(),
        Signs::Apart => positive.are_empty() || negative.are_empty(),
    }
}

/// Offsets within all bounds, for sums of at least 0 and for those below.
fn offsets(multiplier: Multiplier, range: OutputRange, largest: i64, scale: f32, signs: Signs) -> Option<[f32; 2]> {
    let bits = scale.to_bits();
    let unit = 152 - (bits >> 23);
    let weight = i64::from(bits & 0x7F_FFFF | 0x80_0000) << 2;
    let [mut positive, mut negative] = [Bounds::NONE; 2];
    let mut steps = Steps::new(multiplier);
    for value in range.min + 1..=range.max {
        let above = i64::from(value - range.zero);
        if value == range.min + 1 || above == 1 {
            steps.start(above);
        } else {
            steps.next();
        }
        let least = steps.least.clamp(-largest, largest + 1);
        let offset = |sum: i64| (i64::from(value) << unit) - weight * sum;
        // Floats just below a value of at most 2^p are 2^(p - 24) apart; what is more than half of that below the value
        // stays below when it is rounded.
        let half = (i64::from(value.cast_unsigned().next_power_of_two()) << unit) >> 25;
        let below = |sum: i64| offset(sum) - half - 1;
        // All sums from `least` on reach the value, the least one of each sign if all do. All sums before it stay below, the greatest
        // one of each sign if all do.
        if least > 0 {
            positive.at_most(below(least - 1));
            negative.at_most(below(-1));
            if least > largest {
                // No sum reaches what is above either.
                break;
            }
            positive.at_least(offset(least));
        } else {
            positive.at_least(offset(0));
            if least < 0 {
                negative.at_least(offset(least));
            }
            if least > -largest {
                negative.at_most(below(least - 1));
            }
        }
        if value % CHECKED == 0 && is_refuted(positive, negative, signs) {
            return None;
        }
    }
    if is_refuted(positive, negative, signs) {
        return None;
    }
    let bounds = match signs {
        Signs::Alike => [positive.and(negative); 2],
        Signs::Apart => [positive, negative],
    };
    let [positive, negative] = [bounds[0].middle(unit)?, bounds[1].middle(unit)?];
    let most = f64::from(positive.abs().max(negative.abs())) + f64::from(scale) * largest as f64;
    (most <= MOST).then_some([positive, negative])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `MultiplyByQuantizedMultiplier` without left shift.
    fn rescale(value: i64, Multiplier { mantissa, shift }: Multiplier) -> i64 {
        let high = (value * i64::from(mantissa) + (1 << 30)) >> 31;
        let mask = (1i64 << -shift) - 1;
        let threshold = (mask >> 1) + i64::from(high < 0);
        (high >> -shift) + i64::from(high & mask > threshold)
    }

    /// The kernel's arithmetic.
    fn floats(sum: i64, Fit { scale, offsets }: Fit, range: OutputRange) -> i32 {
        (scale.mul_add(sum as f32, offsets[usize::from(sum < 0)]) as i32).clamp(range.min, range.max)
    }

    #[test]
    fn steps_are_where_outputs_rise() {
        for mantissa in (1 << 30..=i32::MAX).step_by(10_000_019).chain([i32::MAX, (1 << 30) + 1]) {
            for shift in LEAST_SHIFT..=0 {
                let multiplier = Multiplier { mantissa, shift };
                let mut steps = Steps::new(multiplier);
                for above in -255..=255 {
                    if above == -255 || above == 1 {
                        steps.start(above)
                    } else {
                        steps.next()
                    }
                    let around = [steps.least - 1, steps.least].map(|sum| rescale(sum, multiplier));
                    assert!(around[0] < above && above <= around[1], "{multiplier:?} {above} {around:?}");
                }
            }
        }
    }

    #[test]
    fn every_sum_of_a_fit_is_exact() {
        let mut fits = 0;
        for mantissa in [1 << 30, (1 << 30) + 1, 1_234_567_890, 1_518_500_249, i32::MAX] {
            for shift in [-10, -8, -7, -6, -5, -4, -3, -2, -1, 0] {
                for (zero, min, max) in [(0, 0, 255), (0, 0, 200), (3, 3, 255), (128, 0, 255), (255, 7, 9), (9, 9, 9)] {
                    let range = OutputRange { zero, min, max, offset: 0 };
                    let largest = 70_001;
                    let multiplier = Multiplier { mantissa, shift };
                    let Some(found) = fit(multiplier, range, largest) else { continue };
                    fits += 1;
                    for sum in -largest..=largest {
                        let exact = (rescale(sum, multiplier) as i32 + zero).clamp(min, max);
                        assert_eq!(floats(sum, found, range), exact, "{mantissa} {shift} {range:?} {sum} {found:?}");
                    }
                }
            }
        }
        assert!(fits > 100, "{fits} requantizations had floats");
    }

    #[test]
    fn usual_rectified_channels_have_floats() {
        let range = OutputRange { zero: 0, min: 0, max: 255, offset: 0 };
        for mantissa in ((1 << 30)..=i32::MAX).step_by(50_000_017) {
            for shift in -6..=0 {
                let found = fit(Multiplier { mantissa, shift }, range, 600_000);
                assert!(found.is_some_and(|fit| fit.offsets[0] == fit.offsets[1]), "{mantissa} {shift}");
            }
        }
    }

    #[test]
    fn usual_linear_channels_have_floats() {
        let range = OutputRange { zero: 131, min: 0, max: 255, offset: 0 };
        for mantissa in ((1 << 30)..=i32::MAX).step_by(50_000_017) {
            for shift in -6..=0 {
                assert!(fit(Multiplier { mantissa, shift }, range, 600_000).is_some(), "{mantissa} {shift}");
            }
        }
    }
}
