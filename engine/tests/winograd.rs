//! Convolutions of 3x3 with and without Winograd transforms: the same bytes in every tensor.

mod common;

use common::goldens;
use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session, Winograd};
use ottava_models::{Activation, Conv, Form, NetworkBuilder, Rng};

/// Layers of a plan that Winograd kernels compute.
fn winograd_layers(plan: &Plan) -> usize {
    plan.layers().iter().filter(|layer| layer.kernel.starts_with("winograd")).count()
}

/// A session of a plan that keeps every tensor, after a run on some input.
fn ran(model: &Model, options: &PlanOptions, input: &[u8]) -> (Plan, Session) {
    let plan = Plan::new(model, &PlanOptions { keep_intermediates: true, ..options.clone() }).unwrap();
    let mut session = Session::new(&plan).unwrap();
    session.input_mut(0).unwrap().copy_from_slice(input);
    session.run().unwrap();
    (plan, session)
}

/// Compares every tensor that both sessions have; how many there were.
fn compare(model: &Model, wanted: &Session, got: &Session, what: &str) -> usize {
    let mut compared = 0;
    for (id, tensor) in model.graph().tensors.iter().enumerate() {
        let (Some(want), Some(got)) = (wanted.tensor(id), got.tensor(id)) else { continue };
        let at = want.iter().zip(&got).position(|(want, got)| want != got);
        assert!(at.is_none() && want.len() == got.len(), "{what}: tensor {id} '{}' differs at {at:?}", tensor.name);
        compared += 1;
    }
    compared
}

/// Bytes of a seed.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut rng = Rng::stream(seed, 3);
    (0..len).map(|_| rng.below(256) as u8).collect()
}

/// Layers of 3x3 with up to 512 channels, one after the other.
fn network(seed: u64) -> Vec<u8> {
    let mut rng = Rng::stream(seed, 0x3333);
    let form = if seed % 3 == 2 { Form::Uint8 } else { Form::Int8 };
    let mut b = NetworkBuilder::new(&format!("windows {seed}"), form, seed).calibration_images(2);
    let [height, width] = std::array::from_fn(|_| rng.between(9, 23));
    let mut x = b.input(&[1, height, width, 1 + rng.below(40)]);
    for _ in 0..3 {
        let channels = rng.pick(&[16, 33, 64, 100, 128, 256, 512]);
        let activation = rng.pick(&[Activation::None, Activation::Relu, Activation::Relu6]);
        let conv = Conv::new(channels, [3, 3]).activation(activation);
        x = b.conv(x, &if rng.chance(40) { conv.valid() } else { conv });
    }
    b.finish(&[x]).to_file()
}

#[test]
fn both_ways_and_the_reference_agree_on_networks_of_windows() {
    let (mut chosen, mut forced) = (0, 0);
    for seed in 0..16 {
        let model = Model::from_bytes(network(seed), &format!("windows {seed}")).unwrap();
        let reference = PlanOptions { backend: Backend::Reference, ..PlanOptions::default() };
        let plan = Plan::new(&model, &reference).unwrap();
        let input = bytes(seed, plan.inputs()[0].size_bytes());
        let (_, reference) = ran(&model, &reference, &input);
        for isa in Isa::for_tests() {
            for winograd in [Winograd::Auto, Winograd::Never, Winograd::Always] {
                let threads = Some(1 + seed as usize % 4);
                let options = PlanOptions { isa: Some(isa), threads, winograd, ..PlanOptions::default() };
                let (plan, session) = ran(&model, &options, &input);
                let compared =
                    compare(&model, &reference, &session, &format!("seed {seed} {isa} winograd {winograd:?}"));
                assert!(compared > 3);
                let layers = winograd_layers(&plan);
                assert!(winograd != Winograd::Never || layers == 0, "seed {seed} {isa}: not asked for");
                chosen += if winograd == Winograd::Auto { layers } else { 0 };
                forced += if winograd == Winograd::Always { layers } else { 0 };
            }
        }
    }
    assert!(
        chosen > 0 && forced > chosen,
        "{chosen} layers were computed by Winograd transforms, {forced} where asked for"
    );
}

/// Every layer that the plan computes by Winograd transforms, on photos.
#[test]
fn both_ways_agree_on_every_layer_of_inception_v3() {
    for name in ["inception_v3_int8", "inception_v3_uint8"] {
        let Some(golden) = goldens(name).into_iter().next() else { continue };
        let model = Model::open(&golden.model).unwrap();
        for isa in Isa::for_tests().into_iter().filter(|&isa| isa != Isa::Scalar) {
            let options = |winograd| PlanOptions { isa: Some(isa), winograd, ..PlanOptions::default() };
            let (plan, with) = ran(&model, &options(Winograd::Auto), &golden.input);
            let (plan_without, without) = ran(&model, &options(Winograd::Never), &golden.input);
            assert!(compare(&model, &without, &with, &format!("{} {isa}", golden.label)) > 90);
            assert!(with.output(0).unwrap() == golden.output, "{} {isa}: the oracle has another output", golden.label);
            assert_eq!(winograd_layers(&plan_without), 0, "{name} {isa}");
            if matches!(isa, Isa::Avx2 | Isa::Avx512Vnni) {
                assert!(winograd_layers(&plan) >= 8, "{name} {isa}: {} layers", winograd_layers(&plan));
            }
        }
    }
}
