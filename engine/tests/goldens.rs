//! Real networks against the outputs of the oracle, bit for bit.

mod common;

use common::{Golden, goldens};
use ottava::{Backend, Model, Plan, PlanOptions, Session};

fn run(golden: &Golden, options: &PlanOptions) -> Result<(), String> {
    let model = Model::open(&golden.model).map_err(|error| error.to_string())?;
    let plan = Plan::new(&model, options).map_err(|error| error.to_string())?;
    let mut session = Session::new(&plan).map_err(|error| error.to_string())?;
    session.input_mut(0).map_err(|error| error.to_string())?.copy_from_slice(&golden.input);
    session.run().map_err(|error| error.to_string())?;
    let output = session.output(0).map_err(|error| error.to_string())?;
    match output.iter().zip(&golden.output).position(|(got, want)| got != want) {
        None if output.len() == golden.output.len() => Ok(()),
        None => Err(format!("{} bytes of output, {} expected", output.len(), golden.output.len())),
        Some(at) => Err(format!("byte {at} is {}, {} expected", output[at], golden.output[at])),
    }
}

/// Reports the failures of all goldens at once; of the first `limit` in builds without optimization.
fn check_all(name: &str, options: &PlanOptions, limit: usize) {
    let count = if cfg!(debug_assertions) { limit } else { usize::MAX };
    let results = goldens(name).into_iter().take(count).map(|golden| (run(&golden, options), golden.label));
    let failures: Vec<_> = results.filter_map(|(result, label)| Some(format!("{label}: {}", result.err()?))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn reference() -> PlanOptions {
    PlanOptions { backend: Backend::Reference, ..PlanOptions::default() }
}

#[test]
fn mobilenet_v1_reference() {
    check_all("mobilenet_v1_0.25_128_quant", &reference(), 3);
}

#[test]
fn mobilenet_v2_reference() {
    check_all("mobilenet_v2_1.0_224_quant", &reference(), 3);
}

#[test]
fn inception_v3_int8_reference() {
    check_all("inception_v3_int8", &reference(), 1);
}

#[test]
fn inception_v3_uint8_reference() {
    check_all("inception_v3_uint8", &reference(), 1);
}

#[test]
fn deeplab_v3_reference() {
    check_all("deeplabv3_mnv2_dm05_pascal_quant", &reference(), 1);
}

#[test]
fn a_batch_is_that_many_single_runs() {
    let goldens = goldens("mobilenet_v1_0.25_128_quant");
    let Some(first) = goldens.first() else {
        return;
    };
    let model = Model::open(&first.model).unwrap();
    let options = PlanOptions { batch: Some(goldens.len()), ..reference() };
    let plan = Plan::new(&model, &options).unwrap();
    assert_eq!(plan.batch(), goldens.len());
    let mut session = Session::new(&plan).unwrap();
    let inputs: Vec<u8> = goldens.iter().flat_map(|golden| golden.input.clone()).collect();
    let outputs: Vec<u8> = goldens.iter().flat_map(|golden| golden.output.clone()).collect();
    session.set_input::<u8>(0, &inputs).unwrap();
    session.run().unwrap();
    assert_eq!(session.output_as::<u8>(0).unwrap(), outputs);
}

#[test]
fn layers_and_profile_speak_of_the_file() {
    let Some(golden) = goldens("mobilenet_v1_0.25_128_quant").into_iter().next() else {
        return;
    };
    let model = Model::open(&golden.model).unwrap();
    let plan = Plan::new(&model, &PlanOptions { keep_intermediates: true, ..reference() }).unwrap();
    let mut session = Session::new(&plan).unwrap();
    session.run().unwrap();
    assert_eq!(plan.layers().len(), model.operators().len());
    assert_eq!(session.profile().layers.len(), plan.layers().len());
    assert!(session.profile().layers.iter().sum::<std::time::Duration>() <= session.profile().total);
    assert_eq!(plan.layers()[0].name, "CONV_2D #0");
    // 64 x 64 x 8 outputs of 3 x 3 x 3 taps.
    assert_eq!(plan.layers()[0].macs, 64 * 64 * 8 * 27);
    // The last row and the last column of windows have a third of their taps outside.
    assert_eq!(plan.layers()[0].macs_in_range, (64 * 3 - 1) * (64 * 3 - 1) * 8 * 3);
    for (layer, operator) in plan.layers().iter().zip(model.operators()) {
        assert_eq!((layer.op.as_str(), &layer.file_operators[..]), (operator.name.as_str(), &[operator.index][..]));
        let size: usize = layer.output_shape.iter().product();
        assert_eq!(session.tensor(layer.output_tensors[0]).map(|bytes| bytes.len()), Some(size));
    }
}

#[test]
fn taps_in_the_padding_are_counted_apart() {
    let network = ottava_models::builtin("inception-v3").expect("a built-in network");
    let model = Model::from_bytes(network.build(), network.name).unwrap();
    let plan = Plan::new(&model, &reference()).unwrap();
    let macs: u64 = plan.layers().iter().map(|layer| layer.macs).sum();
    let in_range: u64 = plan.layers().iter().map(|layer| layer.macs_in_range).sum();
    assert_eq!([macs, in_range].map(|count| (count + 5_000_000) / 10_000_000), [571, 547]);
}
