//! The fixed-point primitives against hand-computed values and independent formulations.

mod random;

use ottava_ref::fixed::{
    frexp, rounding_divide_by_pot, saturating_left_shift, saturating_rounding_doubling_high_mul, truncate_to_i32,
};
use ottava_ref::ops::mean::divide_multiplier;
use ottava_ref::{Error, Multiplier};
use random::Random;

/// Random values tried per property, beside the edges.
const TRIES: usize = 200_000;

/// Values around zero, around every power of two, and at the limits.
fn edges() -> Vec<i32> {
    let mut edges = vec![0, 1, -1, 3, -3, i32::MAX, i32::MIN, i32::MIN + 1, 0x5555_5555, -0x5555_5556];
    for bit in 1..31 {
        for near in [-1, 0, 1] {
            edges.push((1 << bit) + near);
            edges.push(-(1 << bit) + near);
        }
    }
    edges
}

/// Any value, small magnitudes as likely as large ones.
fn any_value(random: &mut Random) -> i32 {
    let bits = random.bits();
    (bits as i32) >> (bits >> 59)
}

/// Normalized mantissas: the limits, a few odd ones, and random ones.
fn mantissas(random: &mut Random) -> Vec<i32> {
    let mut list = vec![1 << 30, (1 << 30) + 1, i32::MAX, i32::MAX - 1, 0x5555_5555, 0x6000_0000];
    list.extend((0..20).map(|_| random.between(1 << 30, i64::from(i32::MAX)) as i32));
    list
}

/// `a·b / 2^31` rounded to nearest, ties towards +∞, saturated.
fn high_mul_in_wide_integers(a: i32, b: i32) -> i32 {
    let rounded = (i128::from(a) * i128::from(b) + (1 << 30)) >> 31;
    rounded.min(i128::from(i32::MAX)) as i32
}

#[test]
fn multipliers_of_hand_computed_reals() {
    let quarter = 1 << 30;
    for (real, mantissa, shift) in [
        (0.0, 0, 0),
        (0.5, quarter, 0),
        (1.0, quarter, 1),
        (0.75, 3 << 29, 0),
        (3.0, 3 << 29, 2),
        (0.1, 1_717_986_918, -3),
        (-0.5, -quarter, 0),
        (1.0 - f64::EPSILON / 2.0, quarter, 1),
        (1.0 - 2f64.powi(-31), i32::MAX, 0),
        // A tie between two mantissas goes to the larger.
        (1.0 - 2f64.powi(-32), quarter, 1),
        (0.5 + 2f64.powi(-32), quarter + 1, 0),
        (2f64.powi(-32), quarter, -31),
        (2f64.powi(-33), 0, 0),
        (2f64.powi(-32) * (1.0 - f64::EPSILON), quarter, -31),
        (f64::MIN_POSITIVE, 0, 0),
        (5e-324, 0, 0),
        (2f64.powi(30), quarter, 31),
    ] {
        assert_eq!(Multiplier::from_f64(real), Ok(Multiplier { mantissa, shift }), "{real:e}");
    }
}

#[test]
fn multipliers_are_as_near_as_31_bits_allow() {
    let mut random = Random(1);
    for _ in 0..TRIES {
        let exponent = random.between(-31, 30) as i32;
        let real = (1.0 + random.bits() as f64 / 2f64.powi(64)) * 2f64.powi(exponent);
        let Multiplier { mantissa, shift } = Multiplier::from_f64(real).unwrap();
        assert!(mantissa >= 1 << 30, "{real:e}");
        let back = f64::from(mantissa) * 2f64.powi(shift - 31);
        assert!((back - real).abs() <= 2f64.powi(shift - 32), "{real:e} became {back:e}");
    }
}

#[test]
fn impossible_multipliers_are_errors() {
    for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(Multiplier::from_f64(real), Err(Error::MultiplierNotFinite(_))));
    }
    for real in [2f64.powi(31), f64::MAX] {
        assert_eq!(Multiplier::from_f64(real), Err(Error::MultiplierTooLarge(real)));
    }
    for real in [0.0, -0.25, 1.0, 1.5, 1.0 - f64::EPSILON / 2.0] {
        assert_eq!(Multiplier::below_one(real), Err(Error::MultiplierNotBelowOne(real)));
    }
    assert!(Multiplier::below_one(f64::NAN).is_err());
    assert_eq!(Multiplier::below_one(0.75), Ok(Multiplier { mantissa: 3 << 29, shift: 0 }));
    for real in [0.5, 1.0, -2.0] {
        assert_eq!(Multiplier::above_one(real), Err(Error::MultiplierNotAboveOne(real)));
    }
    assert!(Multiplier::above_one(f64::NAN).is_err());
    assert_eq!(Multiplier::above_one(1.5), Ok(Multiplier { mantissa: 3 << 29, shift: 1 }));
}

#[test]
fn frexp_splits_exactly() {
    let mut random = Random(2);
    let special = [0.0, -0.0, 1.0, -1.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, -5e-324, 2.2e-308];
    let mut seen_subnormal = false;
    for try_number in 0..TRIES {
        let bits = random.bits();
        let value = match special.get(try_number) {
            Some(&value) => value,
            // The exponent field cleared: a subnormal.
            None if try_number < 1000 => f64::from_bits(bits & !(0x7FF << 52)),
            None => f64::from_bits(bits),
        };
        if !value.is_finite() {
            continue;
        }
        seen_subnormal |= value.is_subnormal();
        let (fraction, exponent) = frexp(value);
        assert!(value == 0.0 || (0.5..1.0).contains(&fraction.abs()), "{value:e}");
        // Two steps, because 2^exponent itself may be out of range.
        let half = exponent / 2;
        assert_eq!(fraction * 2f64.powi(half) * 2f64.powi(exponent - half), value);
    }
    assert!(seen_subnormal);
}

#[test]
fn high_mul_rounds_ties_up_and_saturates_once() {
    let mul = saturating_rounding_doubling_high_mul;
    assert_eq!(mul(i32::MIN, i32::MIN), i32::MAX);
    assert_eq!(mul(i32::MIN, i32::MAX), -i32::MAX);
    assert_eq!((mul(1, 1 << 30), mul(-1, 1 << 30)), (1, 0));
    assert_eq!((mul(3, 1 << 30), mul(-3, 1 << 30)), (2, -1));
    let edges = edges();
    for &a in &edges {
        for &b in &edges {
            assert_eq!(mul(a, b), high_mul_in_wide_integers(a, b), "{a} · {b}");
        }
    }
    let mut random = Random(3);
    for _ in 0..TRIES {
        let (a, b) = (any_value(&mut random), any_value(&mut random));
        assert_eq!(mul(a, b), high_mul_in_wide_integers(a, b), "{a} · {b}");
    }
}

#[test]
fn division_rounds_half_away_from_zero() {
    let divide = rounding_divide_by_pot;
    assert_eq!([-5, -3, -1, 1, 3, 5].map(|x| divide(x, 1)), [-3, -2, -1, 1, 2, 3]);
    assert_eq!([-6, -5, -2, 2, 5, 6].map(|x| divide(x, 2)), [-2, -1, -1, 1, 1, 2]);
    assert_eq!((divide(i32::MIN, 31), divide(i32::MAX, 31), divide(1 << 30, 31)), (-1, 1, 1));
    let mut random = Random(4);
    let values = edges().into_iter().chain((0..TRIES / 20).map(|_| any_value(&mut random)));
    for value in values {
        for exponent in 0..=31 {
            let expected = (f64::from(value) / 2f64.powi(exponent)).round() as i32;
            assert_eq!(divide(value, exponent), expected, "{value} / 2^{exponent}");
        }
    }
}

#[test]
#[should_panic(expected = "outside 0..=31")]
fn division_by_more_than_the_width_is_refused() {
    rounding_divide_by_pot(1, 32);
}

#[test]
fn left_shift_saturates() {
    let mut random = Random(5);
    let values = edges().into_iter().chain((0..TRIES / 20).map(|_| any_value(&mut random)));
    for value in values {
        for exponent in 1..=30 {
            let wide = i64::from(value) << exponent;
            let expected = wide.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
            assert_eq!(saturating_left_shift(value, exponent), expected, "{value} << {exponent}");
        }
    }
}

#[test]
fn conversion_truncates_and_gives_the_minimum_outside() {
    for (real, integer) in [
        (1.9, 1),
        (-1.9, -1),
        (2_147_483_647.9, i32::MAX),
        (2_147_483_648.0, i32::MIN),
        (-2_147_483_648.9, i32::MIN),
        (-2_147_483_649.0, i32::MIN),
        (f64::NAN, i32::MIN),
        (f64::INFINITY, i32::MIN),
        (f64::NEG_INFINITY, i32::MIN),
    ] {
        assert_eq!(truncate_to_i32(real), integer, "{real:e}");
    }
}

#[test]
fn applying_a_multiplier_rounds_twice() {
    // 5 / 4: the product 2.5 becomes 3, its half 1.5 becomes 2. One rounding would give 1.
    assert_eq!(Multiplier::from_f64(0.25).unwrap().apply(5), 2);
    // -5 / 4: -2.5 becomes -2 (ties up), its half is -1.
    assert_eq!(Multiplier::from_f64(0.25).unwrap().apply(-5), -1);
    assert_eq!(Multiplier::from_f64(1.0).unwrap().apply(i32::MIN / 2), i32::MIN / 2);
    // The left shift wraps.
    assert_eq!(Multiplier::from_f64(1.0).unwrap().apply(1 << 30), -(1 << 30));
    let mut random = Random(6);
    for mantissa in mantissas(&mut random) {
        for shift in -31..=31 {
            let multiplier = Multiplier { mantissa, shift };
            for value in edges() {
                let shifted = (i128::from(value) << shift.max(0)) as i32;
                let high = high_mul_in_wide_integers(shifted, mantissa);
                let expected = (f64::from(high) / 2f64.powi((-shift).max(0))).round() as i32;
                assert_eq!(multiplier.apply(value), expected, "{multiplier:?} on {value}");
                if shift <= 0 {
                    assert_eq!(multiplier.apply_below_one(value), expected);
                }
                if shift >= 0 {
                    assert_eq!(multiplier.apply_above_one(value), expected);
                }
            }
        }
    }
}

/// Both roundings as one floor, by the sign of the accumulator: what a fast epilogue may use.
fn collapsed(value: i32, mantissa: i32, exponent: u32) -> i32 {
    let constant = if exponent == 0 { 1 << 30 } else { (1_i64 << 30) + (1 << (30 + exponent)) };
    let product = i64::from(value).abs() * i64::from(mantissa);
    let rounded = if value >= 0 {
        (product + constant) >> (31 + exponent)
    } else {
        -((product + constant - 1) >> (31 + exponent))
    };
    rounded as i32
}

#[test]
fn both_roundings_collapse_into_one_floor_by_sign() {
    let mut random = Random(7);
    for mantissa in mantissas(&mut random) {
        for exponent in 0..=31 {
            let multiplier = Multiplier { mantissa, shift: -(exponent as i32) };
            // Values whose product lies at a rounding boundary, beside the edges.
            let step = f64::from(mantissa) * 2f64.powi(-31 - exponent as i32);
            let boundaries = (0..64).map(|_| {
                let target = random.between(-300, 300) as f64 + 0.5;
                (target / step).round().clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32
            });
            let near = boundaries.flat_map(|x| [x.saturating_sub(1), x, x.saturating_add(1)]);
            for value in near.chain(edges()) {
                let expected = multiplier.apply(value);
                assert_eq!(collapsed(value, mantissa, exponent), expected, "{multiplier:?} on {value}");
            }
        }
    }
}

#[test]
fn the_floor_for_positive_values_is_wrong_for_negative_ones() {
    // Why the identity needs the sign: -3 / 4 is -1, the positive form gives 0 - it rounds ties up.
    let multiplier = Multiplier::from_f64(0.25).unwrap();
    let constant = (1_i64 << 30) + (1 << 31);
    assert_eq!(multiplier.apply(-3), -1);
    assert_eq!((-3 * i64::from(multiplier.mantissa) + constant) >> 32, 0);
}

#[test]
fn a_mean_divides_the_mantissa_without_normalizing() {
    let one = Multiplier { mantissa: 1 << 30, shift: 1 };
    assert_eq!(divide_multiplier(one, 1), one);
    assert_eq!(divide_multiplier(one, 4), Multiplier { mantissa: 1 << 30, shift: -1 });
    // 2^30 · 2 / 3, truncated: below the normalized range.
    assert_eq!(divide_multiplier(one, 3), Multiplier { mantissa: 715_827_882, shift: 0 });
    // No room left for a right shift: the mantissa takes the whole count.
    let tiny = Multiplier { mantissa: 1 << 30, shift: -31 };
    assert_eq!(divide_multiplier(tiny, 64), Multiplier { mantissa: 1 << 24, shift: -31 });
    assert_eq!(divide_multiplier(Multiplier::default(), 7), Multiplier { mantissa: 0, shift: -2 });
}
