//! Every kernel of every instruction set against the scalar reference, byte for byte.

use ottava_ref::ops::dynamic_range::{Symmetry, quantize_row};
use proptest::prelude::*;

use super::*;
use crate::activation_scale::ActivationScale;
use crate::isa::Isa;
use crate::layer::run_all;
use crate::testing::reals::{Reals, dense};
use crate::testing::{Failures, Guarded, Random, for_each_isa};

/// Bytes and scales of all rows by an instruction set.
fn run(isa: Isa, spec: &DynamicRangeSpec, input: &[f32]) -> [Result<Vec<u8>, String>; 2] {
    let (range, quantize) = prepare(isa, spec);
    let whole = spec.quantized == Quantized::WholeNumbers;
    let mut ranges = vec![0xA5; range.output_bytes()];
    run_all(&range, &[dense(input)], &mut [&mut ranges]);
    let mut output = Guarded::new(1, quantize.stored_bytes(), quantize.stored_bytes());
    let mut scales = Guarded::new(1, quantize.scale_bytes(), quantize.scale_bytes());
    run_all(&quantize, &[dense(input), &ranges], &mut [output.view(), scales.view()]);
    [output.dense(if whole { 0 } else { isa.storage().xor_mask(true) }), scales.dense(0)]
}

fn check(spec: &DynamicRangeSpec, input: &[f32], failures: &mut Failures) {
    for quantized in [Quantized::Bytes, Quantized::WholeNumbers] {
        check_one(&DynamicRangeSpec { quantized, ..*spec }, input, failures);
    }
}

fn check_one(spec: &DynamicRangeSpec, input: &[f32], failures: &mut Failures) {
    let symmetry = if spec.symmetric { Symmetry::Symmetric } else { Symmetry::Asymmetric };
    let (mut expected, mut scales) = (Vec::new(), Vec::new());
    let nothing = spec.marks_zeros && input.iter().all(|&x| x == 0.0);
    for row in input.chunks_exact(spec.elements) {
        let mut stored = vec![0i8; row.len()];
        let scale = quantize_row(symmetry, row, &mut stored);
        match spec.quantized {
            Quantized::Bytes => expected.extend(stored.iter().map(|&stored| stored as u8)),
            Quantized::WholeNumbers => {
                let whole = |&stored: &i8| ((i32::from(stored) - scale.zero_point) as f32).to_le_bytes();
                expected.extend(stored.iter().flat_map(whole));
            }
        }
        scales.push((if nothing { f32::NAN } else { scale.scale }, scale.zero_point));
    }
    for_each_isa(|isa| {
        let [bytes, of_rows] = run(isa, spec, input);
        failures.compare(bytes, &expected, || format!("{isa} {spec:?}"));
        let offset = isa.storage().offset_from(true);
        let of_row = |&(scale, zero): &(f32, i32)| ActivationScale { scale, zero: zero + offset }.to_bytes();
        let expected: Vec<u8> = scales.iter().flat_map(of_row).collect();
        failures.compare(of_rows, &expected, || format!("scales of {isa} {spec:?}"));
    });
}

const SPEC: DynamicRangeSpec = DynamicRangeSpec {
    rows: 1,
    elements: 1,
    symmetric: false,
    marks_zeros: false,
    quantized: Quantized::Bytes,
    threads: 1,
};

#[test]
fn every_length_is_exact() {
    let mut failures = Failures::default();
    let mut random = Random::new(3);
    for elements in (1..=150).chain([16383, 16384, 16385, 16391, 50_003]) {
        for fill in Reals::ALL {
            for symmetric in [false, true] {
                let input = random.reals(2 * elements, fill);
                check(&DynamicRangeSpec { rows: 2, elements, symmetric, ..SPEC }, &input, &mut failures);
            }
        }
    }
    failures.finish();
}

/// Values at which a rounding could go wrong: every eighth of a step, and the floats beside ties.
#[test]
fn ties_and_their_neighbors_are_exact() {
    let mut failures = Failures::default();
    for (end, symmetric) in [(127.0, true), (255.0, false), (-255.0, false), (127.0, false)] {
        let steps = (-2060..=2060).map(|step| step as f32 / 8.0);
        let near = steps.flat_map(|x| [x.next_down(), x, x.next_up()]).filter(|x: &f32| x.abs() <= f32::abs(end));
        let one_sided = near.filter(|x| symmetric || end.abs() < 200.0 || x.signum() == end.signum());
        let input: Vec<f32> = [end].into_iter().chain(one_sided).collect();
        for cut in 0..8 {
            let input = &input[..input.len() - cut];
            check(&DynamicRangeSpec { elements: input.len(), symmetric, ..SPEC }, input, &mut failures);
        }
    }
    failures.finish();
}

/// The greatest number below a half becomes 1 in whole groups of a row alone, wherever its pieces end.
#[test]
fn the_ends_of_rows_are_rounded_by_themselves() {
    let mut failures = Failures::default();
    for elements in (2..100).chain((16380..16400).step_by(3)) {
        for (below, symmetric) in [(0.5_f32, true), (-0.5, true), (0.5, false)] {
            let mut row = vec![below.signum() * below.abs().next_down(); elements];
            // With this the scale is 1.
            row[elements / 2] = if symmetric { 127.0 } else { 255.0 };
            check(&DynamicRangeSpec { rows: 2, elements, symmetric, ..SPEC }, &row.repeat(2), &mut failures);
        }
    }
    failures.finish();
}

#[test]
fn zeros_are_marked_where_all_are() {
    let mut failures = Failures::default();
    for other in [0.0, -0.0, f32::NAN, 1e-45, f32::INFINITY, f32::NEG_INFINITY] {
        for marks_zeros in [false, true] {
            for symmetric in [false, true] {
                let mut input = vec![-0.0; 3 * 70];
                input[90] = other;
                check(
                    &DynamicRangeSpec { rows: 3, elements: 70, symmetric, marks_zeros, threads: 2, ..SPEC },
                    &input,
                    &mut failures,
                );
            }
        }
    }
    failures.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_rows_are_exact(
        rows in 1..40usize,
        elements in 1..700usize,
        symmetric in any::<bool>(),
        marks_zeros in any::<bool>(),
        fill in prop::sample::select(&Reals::ALL[..]),
        threads in 1..5usize,
        seed in any::<u64>(),
    ) {
        let mut failures = Failures::default();
        let input = Random::new(seed).reals(rows * elements, fill);
        check(&DynamicRangeSpec { rows, elements, symmetric, marks_zeros, threads, ..SPEC }, &input, &mut failures);
        failures.finish();
    }
}
