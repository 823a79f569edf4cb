//! Networks on float32 have the bits of `float-hashes.json`, on every instruction set and number of threads. The text that
//! defines them is `docs/numerics.md` §14, the reference its code; the hashes are the reference's.
//!
//! A network has an entry for each side of its square input, with the XXH3-128 of what its outputs are for the seeded input. What
//! is not there yet is printed by the test that fails for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session};
use ottava_models::Rng;
use xxhash_rust::xxh3::Xxh3;

/// Side of an input so small that emulators and plain loops can take it.
const SMALL: usize = 128;

/// The recorded hashes by network and side.
fn recorded() -> BTreeMap<String, BTreeMap<usize, String>> {
    serde_json::from_str(include_str!("../float-hashes.json")).expect("the hashes are JSON")
}

/// A built network, built once for all tests.
fn model(name: &str) -> Model {
    static BUILT: OnceLock<Mutex<BTreeMap<String, Model>>> = OnceLock::new();
    let build = || {
        let file = ottava_models::file_by_name(name).unwrap_or_else(|| panic!("{name} can be built"));
        Model::from_bytes(file, name).unwrap()
    };
    let mut built = BUILT.get_or_init(Mutex::default).lock().expect("no build failed");
    built.entry(name.to_owned()).or_insert_with(build).clone()
}

/// The hash of all outputs for the seeded input of this side.
fn hash(model: &Model, side: usize, mut options: PlanOptions) -> String {
    options.input_shapes = vec![(0, vec![1, side, side, 3])];
    let mut session = Session::new(&Plan::new(model, &options).unwrap()).unwrap();
    let mut rng = Rng::new(side as u64);
    let pixels: Vec<f32> = (0..side * side * 3).map(|_| rng.uniform_in(-1.0, 1.0)).collect();
    session.set_input(0, &pixels).unwrap();
    session.run().unwrap();
    let mut hash = Xxh3::new();
    for index in 0..session.outputs().len() {
        hash.update(session.output(index).unwrap());
    }
    format!("{:032x}", hash.digest128())
}

/// Compares one network at the sides that are chosen, with each of these options.
fn check(chosen: impl Fn(usize) -> bool, all_options: &[PlanOptions]) {
    let mut wrong = Vec::new();
    for (name, sides) in recorded() {
        let model = model(&name);
        for (side, wanted) in sides.into_iter().filter(|(side, _)| chosen(*side)) {
            for options in all_options {
                let is = hash(&model, side, options.clone());
                if is != wanted {
                    let PlanOptions { backend, isa, threads, .. } = options;
                    wrong
                        .push(format!("{name} {side} ({backend:?}, {isa:?}, {threads:?} threads): {is}, not {wanted}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "plain loops over whole networks: run in release")]
fn the_reference_has_the_recorded_bits() {
    check(|side| side < SMALL, &[PlanOptions { backend: Backend::Reference, ..PlanOptions::default() }]);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "whole networks: run in release")]
fn all_instruction_sets_have_the_recorded_bits_for_any_number_of_threads() {
    let with = |isa, threads| PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() };
    let isas = Isa::for_tests();
    let small: Vec<_> = isas.iter().flat_map(|&isa| (1..=4).map(move |threads| with(isa, threads))).collect();
    check(|side| side < SMALL, &small);
}

/// One number of threads each, as a whole network takes seconds where there is no instruction for a fused product.
#[test]
#[cfg_attr(debug_assertions, ignore = "whole networks: run in release")]
fn large_inputs_have_the_recorded_bits() {
    let with = |(index, isa)| PlanOptions { isa: Some(isa), threads: Some(1 + index % 4), ..PlanOptions::default() };
    let large: Vec<_> = Isa::for_tests().into_iter().enumerate().map(with).collect();
    check(|side| side >= SMALL, &large);
}
