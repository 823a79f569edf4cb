//! Every kernel of every instruction set against the scalar reference.

use ottava_ref::ops::maximum_minimum::{maximum, minimum};
use proptest::prelude::*;

use super::*;
use crate::testing::pairs::PairLayout;
use crate::testing::{Failures, Fill, Random};

fn check(layout: &PairLayout, inputs: &[Vec<u8>; 2], failures: &mut Failures) {
    for greater in [false, true] {
        let expected = if greater {
            layout.reference(inputs, maximum, maximum)
        } else {
            layout.reference(inputs, minimum, minimum)
        };
        let prepare =
            |isa: Isa, pairs| -> Box<dyn Layer> { Box::new(prepare(isa, &ExtremumSpec { pairs, maximum: greater })) };
        layout.check(failures, inputs, &expected, prepare, "");
    }
}

#[test]
fn every_length_and_pair_is_exact() {
    let mut failures = Failures::default();
    for (seed, layout) in PairLayout::small().into_iter().enumerate() {
        let inputs = layout.inputs(&mut Random::new(seed as u64), [Fill::Random; 2]);
        check(&layout, &inputs, &mut failures);
    }
    for signed in [false, true] {
        let (layout, inputs) = PairLayout::all_pairs(signed);
        check(&layout, &inputs, &mut failures);
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_extrema_are_exact(layout in PairLayout::any(), seed in any::<u64>()) {
        let mut failures = Failures::default();
        let inputs = layout.inputs(&mut Random::new(seed), [Fill::Random; 2]);
        check(&layout, &inputs, &mut failures);
        failures.finish();
    }
}
