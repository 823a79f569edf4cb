//! Proof that an addition or a subtraction is one fused scaled add: a weighed sum.
//!
//! The specification rounds six times, but all it can tell apart are 65536 pairs of bytes. A weighed
//! sum with 31 bits behind the point comes so close that it nearly always equals all of them: given the
//! two weights, each pair bounds the constant on one or both sides, and a constant within all bounds is
//! the proof. Where there is none, as where sums are exact ties of both signs, which round away from
//! zero, the addition is computed step by step.
//!
//! ```text
//! step by step(a, b) = q   <=>   q·2^S <= A·a + B·b + round < (q + 1)·2^S        S = shift + 16
//! ```
//! The least output needs no lower bound and the greatest no upper one. Taking 16 bits off first and
//! `shift` bits later is one floor, so that the kernel's arithmetic is the line above.

use super::spec::AddSpec;
use super::tile::LEFT_SHIFT;
use crate::arch::FusedAddScale;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::isa::Storage;
use crate::quantization::Multiplier;

/// Bits of the lower half of a weight.
const LOW_BITS: u32 = 16;
/// Most bits of a weight behind the point of its upper half.
const MOST_SHIFT: u32 = 15;
/// Least of them that are worth a try.
const LEAST_SHIFT: u32 = 5;
/// Largest magnitude of the constant's fraction.
const MOST_ROUND: i64 = (1 << 30) + (1 << 25);
/// Largest magnitude of the constant's whole part, far from where 16 bits are cut.
const MOST_OFFSET: f64 = 16_000.0;

/// The weighed sum that equals an addition of stored bytes for every pair; `None` where this search finds none.
pub(super) fn fit(spec: &AddSpec, storage: Storage) -> Option<FusedAddScale> {
    let multipliers = [spec.operands[0].multiplier, spec.operands[1].multiplier, spec.multiplier];
    let (least, greatest) = storage.range();
    let stored = least..=greatest;
    let stored_range = stored.contains(&spec.output_min) && stored.contains(&spec.output_max);
    if multipliers.iter().any(|multiplier| multiplier.mantissa < 0) || !stored_range {
        return None;
    }
    let [first, second, output] = multipliers.map(real);
    let headroom = f64::from(1 << LEFT_SHIFT);
    let sign = if spec.subtract { -1.0 } else { 1.0 };
    let scales = [first * headroom * output, sign * second * headroom * output];
    let shift = (LEAST_SHIFT..=MOST_SHIFT)
        .rev()
        .find(|&shift| scales.iter().all(|scale| scale.abs() * f64::from(1 << shift) < f64::from(i16::MAX)))?;
    let unit = f64::from(1 << shift) * f64::from(1 << LOW_BITS);
    let weights = scales.map(|scale| (scale * unit).round() as i64);
    let zeros: f64 = spec.operands.iter().zip(scales).map(|(operand, scale)| f64::from(operand.zero) * scale).sum();
    // Half an output more than the specification's constant, which makes its rounding a floor.
    let offset = (f64::from(spec.output_zero) - zeros + 0.5).round();
    if offset.abs() > MOST_OFFSET {
        return None;
    }
    let round = constant((spec, least), weights, shift + LOW_BITS, offset as i64)?;
    let halves = weights.map(split);
    Some(FusedAddScale {
        high: halves.map(|(high, _)| high),
        low: halves.map(|(_, low)| low),
        round: round as i32,
        shift,
        offset: offset as i16,
    })
}

/// A constant with which every pair gives what the specification says.
fn constant((spec, least): (&AddSpec, i32), weights: [i64; 2], bits: u32, offset: i64) -> Option<i64> {
    let scaled = spec.operands.map(|operand| {
        let of = |byte: i32| rescale(i64::from(byte - operand.zero) << LEFT_SHIFT, operand.multiplier);
        core::array::from_fn::<i64, 256, _>(|index| of(index as i32 + least))
    });
    let [zero, min, max] = [spec.output_zero, spec.output_min, spec.output_max].map(i64::from);
    let (mut low, mut high) = (-MOST_ROUND, MOST_ROUND);
    for (a, first) in (i64::from(least)..).zip(&scaled[0]) {
        for (b, second) in (i64::from(least)..).zip(&scaled[1]) {
            let both = if spec.subtract { first - second } else { first + second };
            let output = (rescale(both, spec.multiplier) + zero).max(min).min(max);
            let sum = a * weights[0] + b * weights[1];
            let floor = ((output - offset) << bits) - sum;
            if output > min {
                low = low.max(floor);
            }
            if output < max {
                high = high.min(floor + (1 << bits) - 1);
            }
        }
        if low > high {
            return None;
        }
    }
    Some(low + (high - low) / 2)
}

/// `MultiplyByQuantizedMultiplier` without left shift.
fn rescale(value: i64, Multiplier { mantissa, shift }: Multiplier) -> i64 {
    let high = (value * i64::from(mantissa) + (1 << 30)) >> 31;
    let mask = (1i64 << -shift) - 1;
    let threshold = (mask >> 1) + i64::from(high < 0);
    (high >> -shift) + i64::from(high & mask > threshold)
}

/// What a multiplier is worth.
fn real(Multiplier { mantissa, shift }: Multiplier) -> f64 {
    f64::from(mantissa) * f64::from(shift - 31).exp2()
}

/// A weight as two halves, the lower one with a sign.
fn split(weight: i64) -> (i16, i16) {
    let low = weight as i16;
    (((weight - i64::from(low)) >> LOW_BITS) as i16, low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::add::layer::prepare;
    use crate::add::spec::Operand;
    use crate::add::table::KERNELS;
    use crate::layer::Layer;
    use crate::pairs::Pairs;
    use crate::testing::for_each_isa;

    /// Multipliers as the specification derives them from scales.
    fn spec(scales: [f64; 3], zeros: [i32; 3], storage: Storage) -> AddSpec {
        let (least, greatest) = storage.range();
        let zeros = zeros.map(|zero| zero + least);
        let quantize = |value: f64| {
            let shift = value.log2().floor() as i32 + 1;
            Multiplier { mantissa: (value * f64::from(31 - shift).exp2()).round() as i32, shift }
        };
        let twice = 2.0 * scales[0].max(scales[1]);
        let operand = |i: usize| Operand { zero: zeros[i], multiplier: quantize(scales[i] / twice) };
        AddSpec {
            pairs: Pairs { dimensions: Vec::new(), bytes: 1, constants: [None, None], threads: 1 },
            subtract: false,
            operands: [operand(0), operand(1)],
            multiplier: quantize(twice / (f64::from(1 << LEFT_SHIFT) * scales[2])),
            output_zero: zeros[2],
            output_min: least,
            output_max: greatest,
            output_offset: 0,
        }
    }

    #[test]
    fn usual_additions_have_a_weighed_sum() {
        for scales in [[0.2184, 0.3401, 0.4013], [0.40149, 0.27583, 0.43217], [0.5, 0.5, 0.5], [0.7, 0.7, 1.1]] {
            for zeros in [[128, 129, 122], [0, 255, 7], [0, 0, 0], [255, 255, 255]] {
                for storage in [Storage::U8, Storage::S8] {
                    let found = fit(&spec(scales, zeros, storage), storage);
                    assert!(found.is_some(), "{scales:?} {zeros:?} {storage:?}");
                }
            }
        }
    }

    #[test]
    fn usual_additions_run_as_one() {
        for_each_isa(|isa| {
            let layer = prepare(isa, &spec([0.2184, 0.3401, 0.4013], [128, 129, 122], isa.storage()));
            let best = KERNELS.iter().find(|kernel| isa.includes(kernel.isa)).expect("there is a kernel");
            assert_eq!(layer.kernel().name, best.fused.name);
        });
    }

    #[test]
    fn ties_of_both_signs_have_none() {
        for storage in [Storage::U8, Storage::S8] {
            assert_eq!(fit(&spec([0.5, 0.5, 1.0], [128, 128, 128], storage), storage), None);
        }
    }
}
