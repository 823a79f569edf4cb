//! Single-operator models against recordings of the oracle (`models/golden`), bit for bit, on the reference and on every
//! instruction set of this CPU.
//!
//! `OTTAVA_GOLDEN` names another folder of recordings, `OTTAVA_GOLDEN_ONLY=MUL,DIV` narrows them.
//! `tools/oracle/single_ops.py` makes them and describes the format.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session};

/// A model of one operator with values that go in and come out.
#[derive(Default)]
struct Case {
    model: Vec<u8>,
    inputs: BTreeMap<usize, Vec<u8>>,
    outputs: BTreeMap<usize, Vec<u8>>,
}

fn folder() -> PathBuf {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden");
    std::env::var_os("OTTAVA_GOLDEN").map_or(committed, PathBuf::from)
}

/// Archives by operator.
fn archives() -> BTreeMap<String, PathBuf> {
    let only = std::env::var("OTTAVA_GOLDEN_ONLY").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|it| it == name));
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let named = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".tar.gz")?.to_owned();
        wanted(&name).then_some((name, path))
    });
    named.collect()
}

fn cases(archive: &Path) -> BTreeMap<String, Case> {
    let mut cases = BTreeMap::<String, Case>::new();
    let file = std::fs::File::open(archive).unwrap();
    for entry in tar::Archive::new(GzDecoder::new(file)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let (name, kind) = path.rsplit_once('.').unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let case = cases.entry(name.to_owned()).or_default();
        if let Some(index) = kind.strip_prefix("in") {
            case.inputs.insert(index.parse().unwrap(), bytes);
        } else if let Some(index) = kind.strip_prefix("out") {
            case.outputs.insert(index.parse().unwrap(), bytes);
        } else {
            assert_eq!(kind, "tflite");
            case.model = bytes;
        }
    }
    cases
}

/// The reference, and the kernels of each instruction set with one thread and with three.
fn backends() -> Vec<PlanOptions> {
    let reference = PlanOptions { backend: Backend::Reference, ..PlanOptions::default() };
    let optimized = |isa, threads| PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() };
    let kernels = Isa::available().into_iter().flat_map(|isa| [optimized(isa, 1), optimized(isa, 3)]);
    [reference].into_iter().chain(kernels).collect()
}

fn replay(model: &Model, case: &Case, options: &PlanOptions) -> Result<(), String> {
    let text = |error: ottava::Error| error.to_string();
    let plan = Plan::new(model, options).map_err(text)?;
    let mut session = Session::new(&plan).map_err(text)?;
    for (&index, values) in &case.inputs {
        session.input_mut(index).map_err(text)?.copy_from_slice(values);
    }
    session.run().map_err(text)?;
    for (&index, want) in &case.outputs {
        let got = session.output(index).map_err(text)?;
        let dtype = session.outputs()[index].dtype;
        if got.len() != want.len() {
            return Err(format!("output {index} has {} bytes, {} expected", got.len(), want.len()));
        }
        if let Some(at) = got.iter().zip(want).position(|(got, want)| got != want) {
            return Err(format!("output {index} ({dtype}) byte {at} is {}, {} expected", got[at], want[at]));
        }
    }
    Ok(())
}

#[test]
fn every_recording_is_reproduced() {
    let backends = backends();
    let (mut failures, mut count) = (Vec::new(), 0);
    for (operator, archive) in archives() {
        for (name, case) in cases(&archive) {
            count += 1;
            let model = match Model::from_bytes(case.model.clone(), &format!("{operator} {name}")) {
                Ok(model) => model,
                Err(error) => {
                    failures.push(error.to_string());
                    continue;
                }
            };
            assert_eq!(model.operators().len(), 1);
            let results = backends.iter().map(|options| (options, replay(&model, &case, options)));
            failures.extend(results.filter_map(|(options, result)| {
                let isa = options.isa.map_or("reference".to_owned(), |isa| isa.to_string());
                Some(format!("{operator} {name} on {isa}: {}", result.err()?))
            }));
        }
    }
    assert!(count > 0, "no recordings in {}", folder().display());
    let shown = failures.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures in {count} cases:\n{shown}", failures.len());
    println!("{count} cases on {} backends", backends.len());
}
