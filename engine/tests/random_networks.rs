//! Random networks: the optimized backend against the reference on every tensor that it keeps.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session};

/// How many networks of the whole operator set there are.
const MIXED: u64 = 100;

/// A small generator for inputs.
fn fill(bytes: &mut [u8], seed: u64, round: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ round;
    for byte in bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = match round {
            0 => (state >> 56) as u8,
            _ => [0, 0x7F, 0x80, 0xFF][(state >> 60) as usize & 3],
        };
    }
}

/// Sets all inputs; floats get moderate finite values.
fn set_inputs(session: &mut Session, seed: u64, round: u64) {
    for index in 0..session.inputs().len() {
        let floats = session.inputs()[index].dtype == ottava::DType::F32;
        let bytes = session.input_mut(index).unwrap();
        fill(bytes, seed, round);
        if floats {
            for (at, chunk) in bytes.as_chunks_mut().0.iter_mut().enumerate() {
                *chunk = ((f32::from(chunk[0]) - 128.0) / 64.0 + at as f32 * 1e-3).to_le_bytes();
            }
        }
    }
}

fn session(model: &Model, options: PlanOptions) -> Session {
    Session::new(&Plan::new(model, &options).unwrap()).unwrap()
}

/// Compares every tensor that both sessions have; the error names the first that differs.
fn compare(model: &Model, reference: &Session, session: &Session) -> Result<usize, String> {
    let mut compared = 0;
    for (id, tensor) in model.graph().tensors.iter().enumerate() {
        let (Some(want), Some(got)) = (reference.tensor(id), session.tensor(id)) else { continue };
        if let Some(at) = want.iter().zip(&got).position(|(want, got)| want != got) {
            return Err(format!("tensor {id} '{}' byte {at}: {} instead of {}", tensor.name, got[at], want[at]));
        }
        compared += 1;
    }
    for index in 0..session.outputs().len() {
        if session.output(index).unwrap() != reference.output(index).unwrap() {
            return Err(format!("output {index}"));
        }
    }
    Ok(compared)
}

/// The reference after a run on the inputs of a round, and why that failed if it did.
fn referred(model: &Model, seed: u64, round: u64) -> (Session, Option<String>) {
    let options = PlanOptions { backend: Backend::Reference, keep_intermediates: true, ..PlanOptions::default() };
    let mut reference = session(model, options);
    set_inputs(&mut reference, seed, round);
    let failure = reference.run().err().map(|error| error.to_string());
    (reference, failure)
}

/// Every instruction set, with and without kept tensors, each for two runs of one session.
fn check(seed: u64, bytes: Vec<u8>) -> Result<(), String> {
    let model = Model::from_bytes(bytes, &format!("random network {seed}")).map_err(|error| error.to_string())?;
    let references = [0, 1].map(|round| referred(&model, seed, round));
    for isa in Isa::for_tests() {
        for keep_intermediates in [true, false] {
            let threads = 1 + (seed as usize + usize::from(keep_intermediates)) % 4;
            let options =
                PlanOptions { isa: Some(isa), threads: Some(threads), keep_intermediates, ..PlanOptions::default() };
            let mut session = session(&model, options);
            for (round, (reference, failure)) in (0..).zip(&references) {
                set_inputs(&mut session, seed, round);
                let label = |error: String| {
                    format!("seed {seed} round {round} {isa} threads {threads} keep {keep_intermediates}: {error}")
                };
                let failed = session.run().err().map(|error| error.to_string());
                if failed != *failure {
                    return Err(label(format!("{failed:?}, the reference {failure:?}")));
                }
                if failed.is_some() {
                    continue;
                }
                let compared = compare(&model, reference, &session).map_err(label)?;
                assert!(!keep_intermediates || compared > 0, "seed {seed}: nothing was compared");
            }
        }
    }
    Ok(())
}

/// The first seeds: all of them, or the percentage of `OTTAVA_CASES`, which is for slow machines.
fn seeds(count: u64) -> std::ops::Range<u64> {
    let percent = std::env::var("OTTAVA_CASES").map_or(100, |percent| percent.parse().expect("OTTAVA_CASES"));
    0..(count * percent).div_ceil(100)
}

/// The network of the whole operator set of a seed, built once.
fn mixed(seed: u64) -> &'static [u8] {
    static BUILT: [OnceLock<Vec<u8>>; MIXED as usize] = [const { OnceLock::new() }; MIXED as usize];
    BUILT[seed as usize].get_or_init(|| ottava_models::mixed_network(seed))
}

#[test]
fn both_backends_agree_on_every_tensor() {
    let results = seeds(150).map(|seed| check(seed, ottava_models::random_network(seed)));
    let failures: Vec<String> = results.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn networks_of_the_whole_operator_set_agree() {
    let results = seeds(MIXED).map(|seed| check(seed, mixed(seed).to_vec()));
    let failures: Vec<String> = results.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Networks that may have operators on float32 whose results are defined by our own text.
#[test]
fn networks_with_floats_agree() {
    let results = seeds(500).map(|index| 5 * index + 4).map(|seed| check(seed, ottava_models::mixed_network(seed)));
    let failures: Vec<String> = results.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the networks are for: every operator that there is must be in some of them.
#[test]
fn networks_of_the_whole_operator_set_have_every_operator() {
    let models = (0..MIXED).map(|seed| Model::from_bytes(mixed(seed).to_vec(), "mixed").unwrap());
    let used: BTreeSet<String> = models.flat_map(|model| operator_names(&model)).collect();
    // ELU is not in the oracle; detection takes tensors of its own shapes and has recordings.
    let elsewhere = ["ELU", "TFLite_Detection_PostProcess"];
    let missing: Vec<&str> = ottava::supported_operators()
        .iter()
        .map(|operator| operator.name)
        .filter(|name| !used.contains(*name) && !elsewhere.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn operator_names(model: &Model) -> Vec<String> {
    model.operators().iter().map(|operator| operator.name.clone()).collect()
}

#[test]
fn the_network_of_all_operators_agrees() {
    let results = (0..4).map(|seed| check(seed, ottava_models::tiny(seed)));
    let failures: Vec<String> = results.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
