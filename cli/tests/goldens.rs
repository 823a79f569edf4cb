//! Trained and generated networks on photos: `ottava run` equals the recorded output of LiteRT's reference kernels byte
//! for byte, file against file, for every instruction set of this CPU, 1 to 3 threads, and the reference backend.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{models, ottava};
use ottava::Isa;

const PHOTOS: [&str; 3] = ["bird", "cat", "grace_hopper"];

struct Golden {
    model: PathBuf,
    input: PathBuf,
    output: PathBuf,
}

fn golden(models: &Path, model: &str, photo: &str) -> Golden {
    let folder = models.join("golden");
    Golden {
        model: models.join(format!("{model}.tflite")),
        input: folder.join(format!("{model}.{photo}.input.npy")),
        output: folder.join(format!("{model}.{photo}.output0.npy")),
    }
}

impl Golden {
    /// Runs the command with these flags; says what differs.
    fn differs(&self, flags: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |path: &Path| path.display().to_string();
        let (model, input, out) = (path(&self.model), path(&self.input), path(folder.path()));
        let arguments = ["run", &model, "--input", &input, "--output-dir", &out];
        let ran = ottava(arguments.iter().chain(flags));
        if ran.code != Some(0) {
            return Some(format!("{} {flags:?}: {}", self.input.display(), ran.stderr));
        }
        let is = fs::read(folder.path().join("output0.npy")).expect("an output");
        let expected = fs::read(&self.output).expect("a recorded output");
        let first = is.iter().zip(&expected).position(|(a, b)| a != b);
        let differs = is != expected;
        differs.then(|| format!("{} {flags:?}: differs, first at byte {first:?}", self.output.display()))
    }
}

/// Runs a model on every photo in every way, and fails with all that differed.
fn check(model: &str) {
    let Some(models) = models() else { return };
    let mut failures = Vec::new();
    for photo in PHOTOS {
        let golden = golden(&models, model, photo);
        if !golden.input.is_file() {
            continue;
        }
        failures.extend(golden.differs(&["--backend", "reference"]));
        for isa in Isa::for_tests() {
            for threads in ["1", "2", "3"] {
                failures.extend(golden.differs(&["--isa", isa.name(), "--threads", threads]));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn mobilenet_v1() {
    check("mobilenet_v1_0.25_128_quant");
}

#[test]
fn mobilenet_v2() {
    check("mobilenet_v2_1.0_224_quant");
}

#[test]
fn inception_v3_int8() {
    check("inception_v3_int8");
}

#[test]
fn inception_v3_uint8() {
    check("inception_v3_uint8");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimization")]
fn deeplab_v3() {
    check("deeplabv3_mnv2_dm05_pascal_quant");
}
