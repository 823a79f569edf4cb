//! Reads the recordings of single operators in `models/golden`; `tools/oracle/single_ops.py` describes the format.
//!
//! `OTTAVA_GOLDEN` names another folder of recordings, `OTTAVA_GOLDEN_ONLY=MUL,DIV` narrows them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// A model of one operator with values that go in and come out.
#[derive(Default)]
pub struct Case {
    /// The file.
    pub model: Vec<u8>,
    /// Elements of the inputs, by index.
    pub inputs: BTreeMap<usize, Vec<u8>>,
    /// Elements of the outputs, by index.
    pub outputs: BTreeMap<usize, Vec<u8>>,
}

/// Where the recordings are.
pub fn folder() -> PathBuf {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden");
    std::env::var_os("OTTAVA_GOLDEN").map_or(committed, PathBuf::from)
}

/// Archives by operator.
pub fn archives() -> BTreeMap<String, PathBuf> {
    let only = std::env::var("OTTAVA_GOLDEN_ONLY").ok();
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|it| it == name));
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let named = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".tar.gz")?.to_owned();
        wanted(&name).then_some((name, path))
    });
    named.collect()
}

/// The cases of an archive, by name.
pub fn cases(archive: &Path) -> BTreeMap<String, Case> {
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
