//! Packed models: the same bytes as without, whatever is packed and left out, and the same file each time.

#[path = "common/models.rs"]
mod models;

use std::path::Path;

use ottava::{Backend, DType, ErrorKind, Isa, Kept, Model, Plan, PlanOptions, Session, Winograd};

/// Outputs of a plan for an input of made-up bytes.
fn outputs(plan: &Plan) -> Vec<Vec<u8>> {
    let mut session = Session::new(plan).unwrap();
    for index in 0..session.inputs().len() {
        let mut state = 0x9E37_79B9_u32 + index as u32;
        session.input_mut(index).unwrap().fill_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Floats stay small.
            if state.is_multiple_of(4) { 0x3F } else { (state >> 24) as u8 }
        });
    }
    // Random indices may be out of range: then both fail.
    if session.run().is_err() {
        return Vec::new();
    }
    (0..session.outputs().len()).map(|index| session.output(index).unwrap().to_vec()).collect()
}

fn options(isa: Isa, threads: usize) -> PlanOptions {
    PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() }
}

fn packed(plans: &[&Plan], kept: Kept) -> Vec<u8> {
    let mut bytes = Vec::new();
    ottava::write_plans(plans, kept, &mut bytes).unwrap();
    bytes
}

/// Every way to pack a model, on every instruction set and 1 to 4 threads.
fn check(name: &str, model: &Model, folder: &Path) {
    for isa in Isa::for_tests() {
        let plan = Plan::new(model, &options(isa, 1)).unwrap();
        let expected = outputs(&plan);
        for kept in [Kept::Everything, Kept::WithoutPackedWeights] {
            let path = folder.join("packed.ottava");
            ottava::save_plans(&[&plan], kept, &path).unwrap();
            let packed = Model::open(&path).unwrap();
            packed.check_packed().unwrap();
            assert_eq!(packed.source_hash(), model.source_hash(), "{name}");
            let threads = if kept == Kept::Everything { 1..=2 } else { 1..=4 };
            for threads in threads {
                let again = Plan::new(&packed, &options(isa, threads)).unwrap();
                assert!(outputs(&again) == expected, "{name} {isa}, {threads} threads, {kept:?}: other bytes");
                let notes = |plan: &Plan| plan.layers().iter().map(|layer| layer.notes.clone()).collect::<Vec<_>>();
                assert_eq!(notes(&again), notes(&plan), "{name} {isa}");
                assert_eq!(again.memory().packed_weight_bytes, plan.memory().packed_weight_bytes, "{name} {isa}");
            }
        }
    }
}

#[test]
fn random_networks_give_the_same_bytes_packed() {
    let folder = tempfile::tempdir().unwrap();
    let networks = (0..12).map(ottava_models::random_network).chain((0..12).map(ottava_models::mixed_network));
    for (seed, bytes) in networks.chain([0, 1].map(ottava_models::tiny)).enumerate() {
        let model = Model::from_bytes(bytes, "network").unwrap();
        check(&format!("network {seed}"), &model, folder.path());
    }
}

#[test]
fn real_networks_give_the_same_bytes_packed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(folder_of_models) = models::models() else { return };
    let mut checked = 0;
    for entry in std::fs::read_dir(folder_of_models).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "tflite") {
            continue;
        }
        let Ok(model) = Model::open(&path) else { continue };
        // Of networks of floats nothing is packed, and the reference takes long for them.
        let graph = model.graph();
        if graph.inputs.iter().any(|&input| graph.tensors[input].dtype == DType::F32) {
            continue;
        }
        check(&path.display().to_string(), &model, folder.path());
        checked += 1;
    }
    assert!(checked >= 6, "{checked} models");
}

#[test]
fn packing_is_deterministic() {
    for (seed, bytes) in [ottava_models::tiny(0), ottava_models::random_network(3)].into_iter().enumerate() {
        let model = Model::from_bytes(bytes, "network").unwrap();
        let plans = |model: &Model, threads: usize| -> Vec<Plan> {
            Isa::available().into_iter().map(|isa| Plan::new(model, &options(isa, threads)).unwrap()).collect()
        };
        let pack = |plans: &[Plan], kept| packed(&plans.iter().collect::<Vec<_>>(), kept);
        for kept in [Kept::Everything, Kept::WithoutPackedWeights] {
            let first = pack(&plans(&model, 1), kept);
            assert!(first == pack(&plans(&model, 3), kept), "network {seed}: another file with three threads");
            let again = Model::from_bytes(first.clone(), "packed").unwrap();
            assert!(first == pack(&plans(&again, 2), kept), "network {seed}: another file from a packed model");
        }
    }
}

#[test]
fn threads_pack_what_one_does() {
    let file = ottava_models::file_by_name("mobilenet-v2").expect("a built-in network");
    let model = Model::from_bytes(file, "mobilenet-v2").unwrap();
    for isa in Isa::for_tests() {
        let of = |threads| packed(&[&Plan::new(&model, &options(isa, threads)).unwrap()], Kept::WithoutPackedWeights);
        let one = of(1);
        for threads in 2..=4 {
            assert!(of(threads) == one, "{isa}, {threads} threads: another file");
        }
    }
}

#[test]
fn what_is_not_packed_runs_from_the_source_or_says_what_there_is() {
    let model = Model::from_bytes(ottava_models::tiny(0), "tiny").unwrap();
    let plan = Plan::new(&model, &options(Isa::Scalar, 1)).unwrap();
    let whole = Model::from_bytes(packed(&[&plan], Kept::Everything), "whole").unwrap();
    let stripped = Model::from_bytes(packed(&[&plan], Kept::WithoutPackedWeights), "stripped").unwrap();
    let reference = PlanOptions { backend: Backend::Reference, ..PlanOptions::default() };
    let best = PlanOptions { isa: Isa::available().pop(), ..PlanOptions::default() };
    let all = PlanOptions { keep_intermediates: true, isa: Some(Isa::Scalar), ..PlanOptions::default() };
    let other = PlanOptions { winograd: Winograd::Never, isa: Some(Isa::Scalar), ..PlanOptions::default() };
    for options in [reference, best, all, other] {
        let expected = outputs(&Plan::new(&model, &options).unwrap());
        assert_eq!(outputs(&Plan::new(&whole, &options).unwrap()), expected, "{options:?}");
        let error = Plan::new(&stripped, &options);
        if options.isa == Some(Isa::Scalar) && options.winograd == Winograd::Auto && !options.keep_intermediates {
            continue;
        }
        let error = error.expect_err("weights are missing");
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let message = error.to_string();
        assert!(message.contains("left out"), "{message}");
        if options.backend == Backend::Optimized && !options.keep_intermediates {
            assert!(message.contains("packed for scalar"), "{message}");
        }
    }
    let sections = stripped.packed_sections();
    assert_eq!((sections.len(), &*sections[0].isa, sections[0].winograd), (1, "scalar", Winograd::Auto));
}

#[test]
fn a_plan_takes_the_best_instruction_set_that_was_packed() {
    if std::env::var_os("OTTAVA_ISA").is_some() {
        return;
    }
    let model = Model::from_bytes(ottava_models::tiny(0), "tiny").unwrap();
    for isa in Isa::available() {
        let plan = Plan::new(&model, &options(isa, 1)).unwrap();
        for kept in [Kept::Everything, Kept::WithoutPackedWeights] {
            let packed = Model::from_bytes(packed(&[&plan], kept), "packed").unwrap();
            assert_eq!(Plan::new(&packed, &PlanOptions::default()).unwrap().isa(), isa);
        }
    }
}

#[test]
fn damaged_headers_and_sections_are_errors() {
    let model = Model::from_bytes(ottava_models::tiny(0), "tiny").unwrap();
    let plan = Plan::new(&model, &options(Isa::Scalar, 1)).unwrap();
    let sound = packed(&[&plan], Kept::WithoutPackedWeights);
    let open = |bytes: Vec<u8>| Model::from_bytes(bytes, "packed");
    for length in (0..sound.len()).step_by(97) {
        assert!(open(sound[..length].to_vec()).is_err(), "{length} bytes");
    }
    let with = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        open(bytes)
    };
    let version = with(8, 2).expect_err("another version");
    assert!(version.kind() == ErrorKind::Unsupported && version.to_string().contains("version 2"), "{version}");
    // An instruction set that no CPU of this kind has: the name lies in the second entry of the table.
    let other = with(64 + 64 + 8, b'S').unwrap();
    let error = Plan::new(&other, &options(Isa::Scalar, 1)).expect_err("another instruction set");
    assert!(error.to_string().contains("packed for Scalar"), "{error}");
    // The last byte is one of a buffer.
    let last = sound.len() - 1;
    let damaged = with(last, !sound[last]).unwrap();
    assert!(damaged.check_packed().expect_err("another byte").to_string().contains("checksum"));
}

#[test]
fn plans_that_cannot_be_packed_are_refused() {
    let model = Model::from_bytes(ottava_models::tiny(0), "tiny").unwrap();
    let refused = [
        PlanOptions { backend: Backend::Reference, ..PlanOptions::default() },
        PlanOptions { keep_intermediates: true, ..PlanOptions::default() },
        PlanOptions { batch: Some(2), ..PlanOptions::default() },
    ];
    for options in refused {
        let plan = Plan::new(&model, &options).unwrap();
        let error = ottava::write_plans(&[&plan], Kept::Everything, &mut Vec::new()).expect_err("no plan to pack");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    let other = Model::from_bytes(ottava_models::tiny(1), "other").unwrap();
    let plans = [&model, &other].map(|model| Plan::new(model, &options(Isa::Scalar, 1)).unwrap());
    let error = ottava::write_plans(&[&plans[0], &plans[1]], Kept::Everything, &mut Vec::new());
    assert!(error.expect_err("two models").to_string().contains("several models"));
    assert!(ottava::write_plans(&[], Kept::Everything, &mut Vec::new()).is_err());
    assert_eq!(plans[0].save("/no/such/folder/x").expect_err("no folder").kind(), ErrorKind::Io);
}
