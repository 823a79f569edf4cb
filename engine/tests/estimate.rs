//! What a plan would take, before it is made, is what it takes.

#[path = "common/models.rs"]
mod models;

use ottava::{Backend, Isa, Kept, Model, Plan, PlanOptions, Winograd};

/// Compares the estimate with the plan; all of it must be equal.
fn check(name: &str, model: &Model, options: &PlanOptions) {
    let what = || format!("{name}, {options:?}");
    match (model.memory_estimate(options), Plan::new(model, options)) {
        (Ok(estimate), Ok(plan)) => assert_eq!(estimate, plan.memory(), "{}", what()),
        (Err(estimate), Err(plan)) => assert_eq!(estimate.to_string(), plan.to_string(), "{}", what()),
        (estimate, plan) => panic!("{}: {estimate:?} before, {plan:?} then", what()),
    }
}

/// Ways to plan for an instruction set.
fn ways(isa: Isa) -> Vec<PlanOptions> {
    let plain = PlanOptions { isa: Some(isa), threads: Some(1), ..PlanOptions::default() };
    vec![
        PlanOptions { threads: Some(3), winograd: Winograd::Always, ..plain.clone() },
        PlanOptions { winograd: Winograd::Never, ..plain.clone() },
        PlanOptions { batch: Some(2), ..plain.clone() },
        PlanOptions { keep_intermediates: true, ..plain.clone() },
        plain,
    ]
}

#[test]
fn random_networks_take_what_was_estimated() {
    let networks = (0..10).map(ottava_models::random_network).chain((0..10).map(ottava_models::mixed_network));
    for (seed, bytes) in networks.chain([0, 1].map(ottava_models::tiny)).enumerate() {
        let model = Model::from_bytes(bytes, "network").unwrap();
        for options in Isa::for_tests().into_iter().flat_map(ways) {
            check(&format!("network {seed}"), &model, &options);
        }
        check("by the reference", &model, &PlanOptions { backend: Backend::Reference, ..PlanOptions::default() });
        check("without threads", &model, &PlanOptions { threads: Some(0), ..PlanOptions::default() });
    }
}

#[test]
fn real_networks_take_what_was_estimated() {
    let Some(folder) = models::models() else { return };
    for name in ["inception_v3_int8", "mobilenet_v2_1.0_224_quant", "deeplabv3_mnv2_dm05_pascal_quant"] {
        let model = Model::open(folder.join(format!("{name}.tflite"))).unwrap();
        for isa in Isa::for_tests() {
            let options = PlanOptions { isa: Some(isa), threads: Some(2), ..PlanOptions::default() };
            check(name, &model, &options);
        }
    }
}

#[test]
fn packed_models_take_what_was_estimated() {
    let model = Model::from_bytes(ottava_models::tiny(0), "tiny").unwrap();
    for isa in Isa::for_tests() {
        let options = PlanOptions { isa: Some(isa), threads: Some(1), ..PlanOptions::default() };
        let plan = Plan::new(&model, &options).unwrap();
        for kept in [Kept::Everything, Kept::WithoutPackedWeights] {
            let mut bytes = Vec::new();
            ottava::write_plans(&[&plan], kept, &mut bytes).unwrap();
            let packed = Model::from_bytes(bytes, "packed").unwrap();
            check("packed", &packed, &options);
            check("packed", &packed, &PlanOptions { batch: Some(2), ..options.clone() });
        }
    }
}
