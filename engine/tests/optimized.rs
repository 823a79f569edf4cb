//! The optimized backend against goldens of the oracle: every instruction set, several threads.

mod common;

use std::slice;

use common::{Golden, goldens};
use ottava::{Isa, Model, Plan, PlanOptions, Session};

/// Runs goldens of one model after each other, so often, on one session: what a run leaves behind must not show in the
/// next. All failures.
fn run(goldens: &[Golden], options: &PlanOptions, rounds: usize) -> Result<(), String> {
    let Some(first) = goldens.first() else { return Ok(()) };
    let text = |error: ottava::Error| error.to_string();
    let model = Model::open(&first.model).map_err(text)?;
    let plan = Plan::new(&model, options).map_err(text)?;
    let mut session = Session::new(&plan).map_err(text)?;
    let mut failures = Vec::new();
    for round in 0..rounds {
        for golden in goldens {
            session.input_mut(0).map_err(text)?.copy_from_slice(&golden.input);
            session.run().map_err(text)?;
            let difference = difference(session.output(0).map_err(text)?, &golden.output);
            failures.extend(difference.map(|difference| format!("{} round {round}: {difference}", golden.label)));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// What the first difference is, if there is one.
fn difference(got: &[u8], wanted: &[u8]) -> Option<String> {
    match got.iter().zip(wanted).position(|(got, want)| got != want) {
        Some(at) => Some(format!("byte {at} is {}, {} expected", got[at], wanted[at])),
        None if got.len() != wanted.len() => Some(format!("{} bytes of output, {} expected", got.len(), wanted.len())),
        None => None,
    }
}

/// Every instruction set of this CPU with 1 to 3 threads; shared and kept activations. All failures at once.
fn check_all(name: &str) {
    let mut failures = Vec::new();
    let goldens = goldens(name);
    for isa in Isa::for_tests() {
        for (threads, keep_intermediates) in [(1, false), (2, false), (3, false), (2, true)] {
            let options =
                PlanOptions { isa: Some(isa), threads: Some(threads), keep_intermediates, ..PlanOptions::default() };
            // Without vector instructions a large network takes seconds; one photo for each setting is enough there.
            let (first, count) = if isa == Isa::Scalar { (threads - 1, 1) } else { (0, goldens.len()) };
            let chosen: &[Golden] = goldens.get(first..goldens.len().min(first + count)).unwrap_or_default();
            failures.extend(run(chosen, &options, 2).err().map(|error| format!("{isa} threads {threads}: {error}")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every instruction set of this CPU with one photo and two threads, once: the least that is a whole network, for
/// emulated CPUs, on which the others take half an hour.
fn check_once(name: &str) {
    let mut failures = Vec::new();
    for (isa, golden) in Isa::for_tests().into_iter().zip(goldens(name).iter().cycle()) {
        let options = PlanOptions { isa: Some(isa), threads: Some(2), ..PlanOptions::default() };
        failures.extend(run(slice::from_ref(golden), &options, 1).err().map(|error| format!("{isa}: {error}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn mobilenet_v1() {
    check_all("mobilenet_v1_0.25_128_quant");
}

#[test]
fn mobilenet_v2() {
    check_all("mobilenet_v2_1.0_224_quant");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimization")]
fn deeplab_v3() {
    check_all("deeplabv3_mnv2_dm05_pascal_quant");
}

#[test]
fn inception_v3_int8() {
    check_all("inception_v3_int8");
}

#[test]
fn inception_v3_uint8() {
    check_all("inception_v3_uint8");
}

#[test]
fn once_inception_v3_int8() {
    check_once("inception_v3_int8");
}

#[test]
fn once_inception_v3_uint8() {
    check_once("inception_v3_uint8");
}

#[test]
fn a_batch_is_that_many_single_runs() {
    for name in ["mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant"] {
        let goldens = goldens(name);
        let Some(first) = goldens.first() else { return };
        let model = Model::open(&first.model).unwrap();
        for isa in Isa::for_tests() {
            let (batch, threads) = (Some(goldens.len()), Some(2));
            let plan =
                Plan::new(&model, &PlanOptions { isa: Some(isa), threads, batch, ..PlanOptions::default() }).unwrap();
            let mut session = Session::new(&plan).unwrap();
            let inputs: Vec<u8> = goldens.iter().flat_map(|golden| golden.input.clone()).collect();
            let outputs: Vec<u8> = goldens.iter().flat_map(|golden| golden.output.clone()).collect();
            session.set_input::<u8>(0, &inputs).unwrap();
            session.run().unwrap();
            assert!(session.output(0).unwrap() == outputs, "{name} on {isa}");
        }
    }
}
