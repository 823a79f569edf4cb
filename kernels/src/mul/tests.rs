//! Every kernel of every instruction set against the scalar reference, bit for bit.

use ottava_ref::ActivationRange;
use ottava_ref::ops::mul::{MulParams, mul};
use proptest::prelude::*;

use super::*;
use crate::isa::Isa;
use crate::testing::pairs::PairLayout;
use crate::testing::{Failures, Fill, Random, from_reference, to_reference};

/// One multiplication with all its parameters.
#[derive(Clone, Debug)]
struct Case {
    layout: PairLayout,
    rectified: bool,
    /// Range of the multiplier's shift.
    shifts: [i32; 2],
    fills: [Fill; 2],
    seed: u64,
}

impl Default for Case {
    fn default() -> Self {
        let layout = PairLayout::default();
        Self { layout, rectified: false, shifts: [-12, 2], fills: [Fill::Random; 2], seed: 1 }
    }
}

impl Case {
    fn params(&self, random: &mut Random) -> MulParams {
        let (low, high) = if self.layout.signed { (-128, 127) } else { (0, 255) };
        let zero = |random: &mut Random| {
            let inner = random.within(low, high);
            random.pick(&[low, high, inner])
        };
        let output_zero_point = zero(random);
        let lo = if self.rectified { output_zero_point } else { random.within(low, high) };
        let multiplier = to_reference(random.multiplier(self.shifts[0], self.shifts[1]));
        MulParams {
            input_zero_points: [zero(random), zero(random)],
            multiplier,
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
        let params = self.params(random);
        let layout = &self.layout;
        let expected = layout.reference(inputs, |x, y| mul(&params, x, y), |x, y| mul(&params, x, y));
        let prepare = |isa: Isa, pairs| -> Box<dyn crate::Layer> {
            let offset = isa.storage().offset_from(layout.signed);
            Box::new(prepare(
                isa,
                &MulSpec {
                    pairs,
                    zeros: params.input_zero_points.map(|zero| zero + offset),
                    multiplier: from_reference(params.multiplier),
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
    for (seed, layout) in PairLayout::small().into_iter().enumerate() {
        let (seed, rectified) = (seed as u64, seed % 3 == 0);
        Case { layout, rectified, seed, ..Case::default() }.check(&mut failures);
    }
    failures.finish();
}

#[test]
fn extreme_values_and_all_multipliers_are_exact() {
    let mut failures = Failures::default();
    let mut seed = 0;
    for first in Fill::ALL {
        for second in Fill::ALL {
            for shifts in [[-31, -20], [-14, -6], [-1, 1], [10, 31]] {
                for (signed, rectified) in [(true, false), (false, true), (true, true), (false, false)] {
                    seed += 1;
                    let layout = PairLayout { signed, ..PairLayout::default() };
                    Case { layout, rectified, shifts, fills: [first, second], seed }.check(&mut failures);
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
        let case = Case { layout, rectified: seed % 3 == 0, seed, ..Case::default() };
        case.check_inputs(&mut failures, &mut Random::new(seed), &inputs);
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_products_are_exact(layout in PairLayout::any(), rectified in any::<bool>(), seed in any::<u64>()) {
        let mut failures = Failures::default();
        Case { layout, rectified, seed, ..Case::default() }.check(&mut failures);
        failures.finish();
    }
}
