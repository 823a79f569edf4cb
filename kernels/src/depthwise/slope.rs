//! Proof that a requantization is one multiplication and addition of floats.
//!
//! A channel's outputs are at most 256 steps of its sums, and so are those of a fused multiply-add that
//! is rounded down: both only ever rise. They are equal when they step at the same sums. A slope near the
//! multiplier turns each step into a lower and an upper bound of the offset:
//!
//! ```text
//! T the least sum whose output is at least k:   slope·T + offset >= k > slope·(T - 1) + offset + error
//! ```
//! where `error` is what rounding to a float may add below `k`. An offset within all bounds is the proof.
//! Sums of magnitude below `2^24` are floats themselves.

use crate::requantize::OutputRange;

/// Sums below this are floats.
const EXACT: i64 = 1 << 24;
/// Largest magnitude of a float that surely fits a 32-bit integer.
const MOST: f64 = 1e9;
/// Slopes that are tried, in steps of a float's last digit.
const NEIGHBOURS: [i32; 5] = [0, 1, -1, 2, -2];

/// Slope and offset with which `floor(slope·sum + offset)`, clamped, is the stored output of every sum
/// of magnitude at most `largest`; `None` where this search finds none.
///
/// `range.min` is at least 0.
pub(super) fn fit(multiplier: (i32, i32), range: OutputRange, largest: i64) -> Option<(f32, f32)> {
    let (mantissa, shift) = multiplier;
    if mantissa <= 0 || !(-31..=0).contains(&shift) || largest >= EXACT {
        return None;
    }
    let slope = f64::from(mantissa) * f64::from(shift - 31).exp2();
    let steps = steps(multiplier, range, largest, slope);
    NEIGHBOURS.into_iter().find_map(|digits| {
        let slope = f32::from_bits((slope as f32).to_bits().wrapping_add_signed(digits));
        offset(slope, &steps, largest).map(|offset| (slope, offset))
    })
}

/// The outputs above the least, and the least sum that gives each: one more than `largest` for the first that none
/// gives, which is the last.
fn steps(multiplier: (i32, i32), range: OutputRange, largest: i64, slope: f64) -> Vec<(i32, i64)> {
    let output = |sum: i64| rescale(sum, multiplier) + i64::from(range.zero);
    let mut steps = Vec::with_capacity(256);
    for value in range.min + 1..=range.max {
        let about = (f64::from(value - range.zero) - 0.5) / slope;
        let mut least = (about as i64).clamp(-largest, largest + 1);
        while least > -largest && output(least - 1) >= i64::from(value) {
            least -= 1;
        }
        while least <= largest && output(least) < i64::from(value) {
            least += 1;
        }
        steps.push((value, least));
        if least > largest {
            // No sum reaches what is above either.
            break;
        }
    }
    steps
}

/// An offset within all bounds.
fn offset(slope: f32, steps: &[(i32, i64)], largest: i64) -> Option<f32> {
    let slope = f64::from(slope);
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for &(value, least) in steps {
        if least <= largest {
            low = low.max(f64::from(value) - slope * least as f64);
        }
        if least > -largest {
            // Floats just below a value of at most 2^p are 2^(p - 24) apart; rounding adds half of that.
            let apart = f64::from(value.cast_unsigned().next_power_of_two()) / EXACT as f64;
            high = high.min(f64::from(value) - 0.75 * apart - slope * (least - 1) as f64);
        }
    }
    let middle = match (low.is_finite(), high.is_finite()) {
        (true, true) => low + (high - low) / 2.0,
        (true, false) => low + 1.0,
        (false, true) => high - 1.0,
        (false, false) => 0.0,
    } as f32;
    // What is computed here in doubles is off by far less than this.
    let slack = f64::from(1e-9f32);
    let within = f64::from(middle) >= low + slack && f64::from(middle) <= high - slack;
    (within && f64::from(middle).abs() + slope * largest as f64 <= MOST).then_some(middle)
}

/// `MultiplyByQuantizedMultiplier` without left shift.
fn rescale(value: i64, (mantissa, shift): (i32, i32)) -> i64 {
    let high = (value * i64::from(mantissa) + (1 << 30)) >> 31;
    let mask = (1i64 << -shift) - 1;
    let threshold = (mask >> 1) + i64::from(high < 0);
    (high >> -shift) + i64::from(high & mask > threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's arithmetic.
    fn floats(sum: i64, (slope, offset): (f32, f32), range: OutputRange) -> i32 {
        (slope.mul_add(sum as f32, offset).floor() as i32).clamp(range.min, range.max)
    }

    #[test]
    fn every_sum_of_a_fit_is_exact() {
        let mut fits = 0;
        for mantissa in [1 << 30, (1 << 30) + 1, 1_234_567_890, 1_518_500_249, i32::MAX] {
            for shift in [-10, -8, -7, -6, -5, -4, -3, -2, -1, 0] {
                for (zero, min, max) in [(0, 0, 255), (0, 0, 200), (3, 3, 255), (128, 0, 255), (255, 7, 9), (9, 9, 9)] {
                    let range = OutputRange { zero, min, max, offset: 0 };
                    let largest = 70_001;
                    let Some(found) = fit((mantissa, shift), range, largest) else { continue };
                    fits += 1;
                    for sum in -largest..=largest {
                        let exact = (rescale(sum, (mantissa, shift)) as i32 + zero).clamp(min, max);
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
                assert!(fit((mantissa, shift), range, 600_000).is_some(), "{mantissa} {shift}");
            }
        }
    }
}
