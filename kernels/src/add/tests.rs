//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::add::AddParams;
use ottava_ref::scales::AddMultipliers;
use proptest::prelude::*;

use super::*;
use crate::isa::Isa;
use crate::quantization::Multiplier;
use crate::testing::pairs::PairLayout;
use crate::testing::{Failures, Fill, Random, to_reference};

/// One addition with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    layout: PairLayout,
    subtract: bool,
    rectified: bool,
    /// Whether each operand has a multiplier of one half.
    halves: [bool; 2],
    fills: [Fill; 2],
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            layout: PairLayout::default(),
            subtract: false,
            rectified: false,
            halves: [false, true],
            fills: [Fill::Random; 2],
            seed: 1,
        }
    }
}

impl Case {
    fn params(&self, random: &mut Random) -> AddParams {
        let (low, high) = if self.layout.signed { (-128, 127) } else { (0, 255) };
        let zero = |random: &mut Random| {
            let inner = random.within(low, high);
            random.pick(&[low, high, inner])
        };
        let operand = |random: &mut Random, half| if half { Multiplier::HALF } else { random.multiplier(-6, 0) };
        let input_zero_points = [zero(random), zero(random)];
        let output_zero_point = zero(random);
        let lo = if self.rectified { output_zero_point } else { random.within(low, high) };
        AddParams {
            input_zero_points,
            multipliers: AddMultipliers {
                input1: to_reference(operand(random, self.halves[0])),
                input2: to_reference(operand(random, self.halves[1])),
                output: to_reference(random.multiplier(-22, -15)),
            },
            output_zero_point,
            activation: ActivationRange { lo, hi: random.within(lo, high) },
        }
    }

    fn check(&self, failures: &mut Failures) {
        let mut random = Random::new(self.seed);
        let inputs = self.layout.inputs(&mut random, self.fills);
        self.check_inputs(failures, &mut random, &inputs);
    }

    fn check_inputs(&self, failures: &mut Failures, random: &mut Random, inputs: &[Vec<u8>; 2]) {
        use ottava_ref::ops::add::{add, sub};
        let params = self.params(random);
        let layout = &self.layout;
        let expected = match self.subtract {
            false => layout.reference(inputs, |x, y| add(&params, x, y), |x, y| add(&params, x, y)),
            true => layout.reference(inputs, |x, y| sub(&params, x, y), |x, y| sub(&params, x, y)),
        };
        let AddMultipliers { input1, input2, output } = params.multipliers;
        let by =
            |multiplier: ottava_ref::Multiplier| Multiplier { mantissa: multiplier.mantissa, shift: multiplier.shift };
        let prepare = |isa: Isa, pairs| -> Box<dyn crate::Layer> {
            let offset = isa.storage().offset_from(layout.signed);
            let [zero1, zero2] = params.input_zero_points;
            Box::new(prepare(
                isa,
                &AddSpec {
                    pairs,
                    subtract: self.subtract,
                    operands: [(zero1, input1), (zero2, input2)]
                        .map(|(zero, multiplier)| Operand { zero: zero + offset, multiplier: by(multiplier) }),
                    multiplier: by(output),
                    output_zero: params.output_zero_point + offset,
                    output_min: params.activation.lo + offset,
                    output_max: params.activation.hi + offset,
                    output_offset: offset,
                },
            ))
        };
        layout.check(failures, inputs, &expected, prepare, &format!("{self:?}"));
    }
}

#[test]
fn every_length_is_exact() {
    let mut failures = Failures::default();
    for (number, layout) in PairLayout::small().into_iter().enumerate() {
        let seed = number as u64;
        let halves = [number % 3 == 0, number % 5 < 2];
        Case { layout, subtract: number % 7 < 3, halves, seed, ..Case::default() }.check(&mut failures);
    }
    failures.finish();
}

#[test]
fn extreme_values_and_all_multipliers_are_exact() {
    let mut failures = Failures::default();
    let mut seed = 0;
    for first in Fill::ALL {
        for second in Fill::ALL {
            for halves in [[false, false], [false, true], [true, false], [true, true]] {
                for (signed, rectified) in [(true, false), (false, true), (true, true), (false, false)] {
                    for subtract in [false, true] {
                        seed += 1;
                        let layout = PairLayout { signed, ..PairLayout::default() };
                        Case { layout, subtract, halves, rectified, fills: [first, second], seed }.check(&mut failures);
                    }
                }
            }
        }
    }
    failures.finish();
}

#[test]
fn every_pair_of_values_is_exact() {
    let mut failures = Failures::default();
    for seed in 0..40 {
        let (layout, inputs) = PairLayout::all_pairs(seed % 2 == 0);
        let case = Case {
            layout,
            subtract: seed % 5 < 2,
            rectified: seed % 3 == 0,
            halves: [seed % 4 == 1, seed % 4 < 2],
            seed,
            ..Case::default()
        };
        case.check_inputs(&mut failures, &mut Random::new(seed), &inputs);
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_additions_are_exact(layout in PairLayout::any(), flags in any::<[bool; 4]>(), seed in any::<u64>()) {
        let [subtract, rectified, first_half, second_half] = flags;
        let mut failures = Failures::default();
        let halves = [first_half, second_half];
        Case { layout, subtract, rectified, halves, seed, ..Case::default() }.check(&mut failures);
        failures.finish();
    }
}
