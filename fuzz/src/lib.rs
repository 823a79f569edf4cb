//! Fuzzing: the bodies of the targets, as ordinary functions of the input bytes.
//!
//! * [`import`]: the bytes are a model file.
//! * [`mutate`]: the bytes describe what to change in a small sound network, in its tables and in its file.
//! * [`random_graph`]: the bytes are the seed of a random sound network.
//! * [`packed`]: the bytes describe what to change in a packed model, whose weights may then be any.
//!
//! What must hold is the same for all: the importer gives a model or an error; a model can be planned; where it is small
//! enough to be run, every instruction set gives the reference's bits for any number of threads; nothing panics and
//! nothing reads or writes outside its memory.
//!
//! # Running
//! The folder has cargo-fuzz's layout. With a nightly toolchain and `cargo install cargo-fuzz`, from the workspace:
//!
//! ```sh
//! cargo +nightly fuzz run import -- -detect_leaks=0 -max_total_time=60
//! cargo +nightly fuzz run mutate -- -detect_leaks=0 -max_total_time=60 -len_control=0 -max_len=160
//! cargo +nightly fuzz run random_graph -- -detect_leaks=0 -max_total_time=60 -len_control=0 -max_len=8
//! cargo +nightly fuzz run packed -- -detect_leaks=0 -max_total_time=60 -len_control=0 -max_len=64
//! ```
//!
//! Leaks are not looked for, because the threads of a session's pool end after the session: memory that a thread frees as it
//! ends would be reported now and then.
//!
//! `import` gets further from sound files than from nothing: give it some first.
//!
//! ```sh
//! cargo run --release -p ottava-models --example write_model -- tiny:0 fuzz/corpus/import/tiny0
//! cargo run --release -p ottava-models --example write_model -- random:1 fuzz/corpus/import/random1
//! ```
//!
//! A finding is written to `fuzz/artifacts/TARGET/`. The same programs built without cargo-fuzz run files through the
//! target's body, on stable and on any architecture:
//!
//! ```sh
//! cargo run --release -p ottava-fuzz --bin mutate -- fuzz/artifacts/mutate/crash-...
//! ```
//!
//! `cargo test` runs a thousand seeded inputs through each of the first two bodies, some through the third and ten thousand
//! through the last.
//! `libfuzzer-sys` is a dependency under `--cfg fuzzing` only, which cargo-fuzz sets: ordinary builds stay pure cargo.
#![forbid(unsafe_code)]

mod check;
mod edits;
mod packed;
mod script;

use std::io;
use std::path::PathBuf;

use ottava::{Error, ErrorKind, Model};

use check::Depth;
pub use packed::Outcome;
use script::Script;

/// The bytes as a model: an error, or a model whose backends agree.
///
/// # Panics
/// On findings.
pub fn import(bytes: &[u8]) {
    if let Some(model) = load(bytes.to_vec()) {
        check::model(&model, bytes, Depth::One);
    }
}

/// A sound network of a few kilobytes, changed as the input says: first its tables, then the bytes of its file.
///
/// Returns whether the result was still a model.
///
/// # Panics
/// On findings.
pub fn mutate(input: &[u8]) -> bool {
    let mut script = Script::new(input);
    let bytes = edits::mutant(&mut script);
    let model = load(bytes.clone());
    if let Some(model) = &model {
        check::model(model, &bytes, Depth::One);
    }
    model.is_some()
}

/// The random network whose seed is the first eight bytes: every backend agrees on every tensor. Odd seeds give networks
/// of the whole operator set.
///
/// # Panics
/// On findings.
pub fn random_graph(input: &[u8]) {
    let seed = Script::new(input).u64();
    let whole_set = seed % 2 == 1;
    let make = if whole_set { ottava_models::mixed_network } else { ottava_models::random_network };
    let bytes = make(seed);
    let model = Model::from_bytes(bytes.clone(), &format!("random network {seed}"));
    let model = model.unwrap_or_else(|error| panic!("a sound network is refused: {error}"));
    check::model(&model, &bytes, Depth::All);
}

/// A packed network of a few kilobytes for every instruction set, changed as the input says: its table, its steps, its packed
/// weights, its source.
///
/// # Panics
/// On findings.
pub fn packed(input: &[u8]) -> Outcome {
    packed::packed(&mut Script::new(input))
}

/// Runs the files that the command line names through the body of a target.
///
/// # Errors
/// When a file cannot be read.
pub fn replay<T>(body: impl Fn(&[u8]) -> T) -> io::Result<()> {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        println!("{}", path.display());
        body(&std::fs::read(path)?);
    }
    Ok(())
}

/// The model, or nothing where the importer refuses it as it should.
fn load(bytes: Vec<u8>) -> Option<Model> {
    let error = match Model::from_bytes(bytes, "fuzz") {
        Ok(model) => return Some(model),
        Err(error) => error,
    };
    assert_refusal(&error);
    None
}

/// Asserts that an error blames the model and is one line.
fn assert_refusal(error: &Error) {
    assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(!error.to_string().contains('\n'), "more than a line: {error}");
}
