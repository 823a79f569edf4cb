//! Replays `oracle-hashes.json`: the built files have the recorded bytes, and running them gives the oracle's outputs.
//!
//! The hashes come from `tools/oracle/built_models.py`. Set `OTTAVA_ORACLE_ONLY` to the start of a name to replay some.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ottava::{Backend, DType, Isa, Model, Plan, PlanOptions, Session};
use ottava_models::Rng;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

struct Recorded {
    name: String,
    file: String,
    runs: Vec<RecordedRun>,
}

struct RecordedRun {
    seed: u64,
    input: String,
    output: String,
}

fn recorded() -> Vec<Recorded> {
    let text = include_str!("../oracle-hashes.json");
    let document: serde_json::Value = serde_json::from_str(text).expect("the hashes are JSON");
    let only = std::env::var("OTTAVA_ORACLE_ONLY").unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().expect("a hash").to_string();
    let run = |run: &serde_json::Value| RecordedRun {
        seed: run["seed"].as_u64().expect("a seed"),
        input: text(&run["input"]),
        output: text(&run["output"]),
    };
    let networks = document["networks"].as_object().expect("networks by name");
    networks
        .iter()
        .filter(|(name, _)| name.starts_with(&only))
        .map(|(name, entry)| Recorded {
            name: name.clone(),
            file: text(&entry["file"]),
            runs: entry["runs"].as_array().expect("runs").iter().map(run).collect(),
        })
        .collect()
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The file of a network, which is built once for all tests: on all cores, so they may as well wait for it.
fn file_of(recorded: &Recorded) -> Arc<[u8]> {
    static BUILT: Mutex<BTreeMap<String, Arc<[u8]>>> = Mutex::new(BTreeMap::new());
    let build =
        || ottava_models::file_by_name(&recorded.name).unwrap_or_else(|| panic!("{} can be built", recorded.name));
    BUILT.lock().expect("no build failed").entry(recorded.name.clone()).or_insert_with(|| build().into()).clone()
}

/// The bytes that `make_input` of the script makes.
fn make_input(seed: u64, shape: &[usize], dtype: DType) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut rng = Rng::new(seed);
    let values: Vec<u8> = (0..count).map(|_| (rng.next_u64() >> 56) as u8).collect();
    let flat = !seed.is_multiple_of(2) && count >= 64;
    let pick = |index: usize| if flat { (index / 64 * 64 + index % 3).min(count - 1) } else { index };
    let pixels = (0..count).map(|index| values[pick(index)]);
    match dtype {
        DType::F32 => pixels.flat_map(|p| ((f32::from(p) - 128.0) / 128.0).to_le_bytes()).collect(),
        DType::I16 => pixels.flat_map(|p| (i16::from((p ^ 0x80) as i8) * 255).to_le_bytes()).collect(),
        DType::I8 => pixels.map(|p| p ^ 0x80).collect(),
        _ => pixels.collect(),
    }
}

/// Runs a network on its recorded inputs; the messages name what differs.
fn replay(recorded: &Recorded, file: &[u8], options: &PlanOptions) -> Vec<String> {
    let PlanOptions { backend, isa, threads, .. } = options;
    let complain =
        |what: String| vec![format!("{} ({backend:?}, {isa:?}, {threads:?} threads): {what}", recorded.name)];
    let mut session = match Model::from_bytes(file.to_vec(), &recorded.name)
        .and_then(|model| Plan::new(&model, options))
        .and_then(|plan| Session::new(&plan))
    {
        Ok(session) => session,
        Err(error) => return complain(error.to_string()),
    };
    recorded.runs.iter().filter_map(|run| replay_run(&mut session, run).err().map(complain)).flatten().collect()
}

fn replay_run(session: &mut Session, run: &RecordedRun) -> Result<(), String> {
    let (mut inputs, mut outputs) = (Sha256::new(), Sha256::new());
    let infos = session.inputs().to_vec();
    for (index, info) in infos.iter().enumerate() {
        let bytes = make_input(run.seed + 1000 * index as u64, &info.shape, info.dtype);
        inputs.update(&bytes);
        session.input_mut(index).map_err(|e| e.to_string())?.copy_from_slice(&bytes);
    }
    if hex(inputs) != run.input {
        return Err(format!("input {} is not what the oracle got", run.seed));
    }
    session.run().map_err(|e| e.to_string())?;
    for index in 0..session.outputs().len() {
        outputs.update(session.output(index).map_err(|e| e.to_string())?);
    }
    if hex(outputs) != run.output {
        return Err(format!("output for input {} is not the oracle's", run.seed));
    }
    Ok(())
}

fn replay_all(chosen: impl Fn(&str) -> bool, all_options: &[PlanOptions]) {
    let mut failures = Vec::new();
    for recorded in recorded().iter().filter(|recorded| chosen(&recorded.name)) {
        let file = file_of(recorded);
        failures.extend(all_options.iter().flat_map(|options| replay(recorded, &file, options)));
    }
    assert!(failures.is_empty(), "{} differ from the oracle:\n{}", failures.len(), failures.join("\n"));
}

fn is_small(name: &str) -> bool {
    name.contains(':')
}

fn reference() -> Vec<PlanOptions> {
    vec![PlanOptions { backend: Backend::Reference, ..PlanOptions::default() }]
}

/// Every instruction set of this machine with each of these numbers of threads.
fn optimized(threads: &[Option<usize>]) -> Vec<PlanOptions> {
    let with = |isa, threads| PlanOptions { isa: Some(isa), threads, ..PlanOptions::default() };
    Isa::for_tests().into_iter().flat_map(|isa| threads.iter().map(move |&threads| with(isa, threads))).collect()
}

/// Both hashes: that of the recordings, and the one by which a file in a cache is known.
#[test]
fn files_have_the_recorded_bytes() {
    let mut wrong = Vec::new();
    for recorded in recorded() {
        let file = file_of(&recorded);
        if hex(Sha256::new_with_prefix(&file)) != recorded.file {
            wrong.push(format!("{}: raise FORMAT_REVISION, record again", recorded.name));
        }
        let builtin = ottava_models::builtin(&recorded.name);
        if builtin.is_some_and(|builtin| !builtin.is_file(&file[..]).expect("memory can be read")) {
            wrong.push(format!("{}: in the registry, its hash is {:#x}", recorded.name, xxh3_128(&file)));
        }
    }
    assert!(wrong.is_empty(), "other bytes than recorded:\n{}", wrong.join("\n"));
}

#[test]
fn small_networks_agree_with_the_oracle_in_the_reference_backend() {
    replay_all(is_small, &reference());
}

#[test]
#[cfg_attr(debug_assertions, ignore = "plain loops over whole networks: run in release")]
fn mobilenets_agree_with_the_oracle_in_the_reference_backend() {
    replay_all(|name| name.contains("mobilenet"), &reference());
}

#[test]
#[cfg_attr(debug_assertions, ignore = "plain loops over whole networks: run in release")]
fn inception_agrees_with_the_oracle_in_the_reference_backend() {
    replay_all(|name| name.starts_with("inception"), &reference());
}

#[test]
#[cfg_attr(debug_assertions, ignore = "plain loops over whole networks: run in release")]
fn resnet_agrees_with_the_oracle_in_the_reference_backend() {
    replay_all(|name| name.starts_with("resnet"), &reference());
}

#[test]
fn small_networks_agree_with_the_oracle_in_the_optimized_backend() {
    replay_all(is_small, &optimized(&[Some(1), Some(3)]));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "whole networks on every instruction set: run in release")]
fn mobilenets_agree_with_the_oracle_in_the_optimized_backend() {
    replay_all(|name| name.contains("mobilenet"), &optimized(&[None]));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "whole networks on every instruction set: run in release")]
fn inception_agrees_with_the_oracle_in_the_optimized_backend() {
    // The scalar kernels take too long here; the smaller networks cover them.
    let mut vectorized = optimized(&[None]);
    vectorized.retain(|options| options.isa != Some(Isa::Scalar));
    replay_all(|name| name.starts_with("inception"), &vectorized);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "whole networks on every instruction set: run in release")]
fn resnet_agrees_with_the_oracle_in_the_optimized_backend() {
    replay_all(|name| name.starts_with("resnet"), &optimized(&[None]));
}
