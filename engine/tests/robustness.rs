//! Any bytes as a model give a result or an error: never a panic, never memory or time out of proportion.

mod files;

use files::{conv_file, edited};
use ottava::{Backend, DType, Error, ErrorKind, Model, Plan, PlanOptions, Session};

/// Networks that a mutation makes larger than this are planned but not run.
const MAX_RUN_BYTES: usize = 1 << 24;
/// As [`MAX_RUN_BYTES`], in multiply-accumulates.
const MAX_RUN_MACS: u64 = 1 << 26;

fn load(bytes: &[u8]) -> Result<Model, Error> {
    Model::from_bytes(bytes.to_vec(), "test")
}

fn kind(bytes: &[u8]) -> Option<ErrorKind> {
    load(bytes).err().map(|error| error.kind())
}

/// Outputs of one run on fixed inputs; `None` when an operator is not defined for the values that it meets.
fn run(model: &Model, backend: Backend) -> Option<Vec<Vec<u8>>> {
    let options = PlanOptions { backend, threads: Some(1), ..PlanOptions::default() };
    let plan = Plan::new(model, &options).expect("a verified model can be planned");
    let mut session = Session::new(&plan).expect("a session of a valid plan");
    for index in 0..session.inputs().len() {
        let bytes = session.input_mut(index).expect("an input that exists");
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = (at * 37) as u8;
        }
    }
    if let Err(error) = session.run() {
        assert_eq!(error.kind(), ErrorKind::InvalidModel, "{error}");
        return None;
    }
    let output = |index| session.output(index).expect("an output that exists").to_vec();
    Some((0..session.outputs().len()).map(output).collect())
}

/// Loads, plans and runs with both backends, which must agree; whether the model was good.
fn load_and_run(bytes: &[u8]) -> bool {
    let Ok(model) = load(bytes) else {
        return false;
    };
    if model.graph().activation_bytes() <= MAX_RUN_BYTES && model.graph().macs() <= MAX_RUN_MACS {
        let (want, got) = (run(&model, Backend::Reference), run(&model, Backend::Optimized));
        assert!(want == got, "the backends disagree on\n{:?}", model.graph());
    }
    true
}

/// A small generator for tests: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[test]
fn what_is_no_model_is_called_so() {
    let text = b"It was the best of times, it was the worst of times.".to_vec();
    for bytes in [Vec::new(), vec![0; 7], vec![0; 4096], text] {
        assert_eq!(kind(&bytes), Some(ErrorKind::NotAModel), "{} bytes", bytes.len());
    }
    assert_eq!(Model::open("no/such/file.tflite").unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(Model::open(env!("CARGO_MANIFEST_DIR")).unwrap_err().kind(), ErrorKind::Io);
}

/// A pipe that nobody writes to would be waited for, and one that somebody writes to cannot be mapped.
#[test]
#[cfg(unix)]
fn a_pipe_is_refused_at_once() {
    use std::path::Path;
    use std::process::{Command, id};
    use std::sync::mpsc;
    use std::time::Duration;

    let pipe = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pipe-{}.tflite", id()));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (sender, receiver) = mpsc::channel();
    let path = pipe.clone();
    // Left behind if it waits.
    std::thread::spawn(move || {
        let errors = [Model::open(&path).err(), Model::survey(&path).err()];
        sender.send(errors.map(|error| error.expect("an error").to_string()))
    });
    let messages = receiver.recv_timeout(Duration::from_secs(30));
    std::fs::remove_file(&pipe).unwrap();
    for message in messages.expect("an answer within 30 seconds") {
        assert_eq!(message, format!("{}: cannot open: not a regular file", pipe.display()));
    }
}

#[test]
fn a_truncated_model_is_refused_at_every_length() {
    let file = ottava_models::tiny(0);
    assert!(load_and_run(&file));
    for length in (0..file.len()).step_by(97) {
        let kind = kind(&file[..length]);
        let expected = if length < 8 { ErrorKind::NotAModel } else { ErrorKind::Corrupt };
        assert_eq!(kind, Some(expected), "cut to {length} of {} bytes", file.len());
    }
}

#[test]
fn bytes_behind_the_model_are_tolerated() {
    let mut file = ottava_models::tiny(1);
    file.extend_from_slice(b"PK\x03\x04 a packed label file");
    assert!(load_and_run(&file));
}

/// Files beyond 2 GB keep their constants behind the tables; here at an odd offset.
#[test]
fn constants_may_lie_anywhere_in_the_file() {
    let output = |file: &[u8]| {
        let model = load(file).unwrap();
        let options = PlanOptions { backend: Backend::Reference, ..PlanOptions::default() };
        let mut session = Session::new(&Plan::new(&model, &options).unwrap()).unwrap();
        let input: Vec<i8> = (0..48).map(|at| (at * 5) as i8).collect();
        session.set_input(0, &input).unwrap();
        session.run().unwrap();
        session.output(0).unwrap().to_vec()
    };
    let near = conv_file();
    let far = files::conv_file_with_far_constants();
    assert_ne!(near.len(), far.len());
    assert_eq!(output(&near), output(&far));
    assert_eq!(kind(&far[..far.len() - 1]), Some(ErrorKind::Corrupt));
}

#[test]
fn flipped_bytes_never_panic() {
    let files: Vec<_> = (0..2).map(ottava_models::tiny).collect();
    let mut random = Random(42);
    let mut good = 0;
    for round in 0..1_000 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(file.len());
            file[at] = match random.below(4) {
                0 => file[at] ^ (1 << random.below(8)),
                1 => 0xFF,
                2 => 0,
                _ => random.next() as u8,
            };
        }
        good += usize::from(load_and_run(&file));
    }
    // Weights are most of a file, so many mutants are sound models; none at all would mean that nothing was run.
    assert!(good > 100, "only {good} of 1000 mutants were loaded");
}

#[test]
fn flipped_tables_never_panic() {
    let file = conv_file();
    let mut random = Random(7);
    for _ in 0..4_000 {
        let mut file = file.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(file.len() / 4) * 4;
            let value = match random.below(5) {
                0 => u32::MAX,
                1 => 0x7FFF_FFFF,
                2 => random.below(64) as u32,
                3 => random.below(file.len()) as u32,
                _ => random.next() as u32,
            };
            if let Some(word) = file.get_mut(at..at + 4) {
                word.copy_from_slice(&value.to_le_bytes());
            }
        }
        load_and_run(&file);
    }
}

#[test]
fn the_model_that_the_other_tests_break_is_good() {
    let model = load(&conv_file()).unwrap();
    assert_eq!(model.graph().nodes.len(), 1);
    assert_eq!(model.operators()[0].name, "CONV_2D");
    assert_eq!(model.graph().tensors[0].dtype, DType::I8);
    assert!(load_and_run(&conv_file()));
}

/// Each case breaks one thing; kind and a piece of the message must say which.
#[test]
fn each_broken_rule_is_named() {
    use ErrorKind::{Corrupt, InvalidModel, Unsupported};
    let cases = files::broken();
    assert!(cases.len() > 30);
    let mut failures = Vec::new();
    for case in &cases {
        let file = edited(&case.edit);
        match load(&file) {
            Ok(_) => failures.push(format!("{}: loaded", case.name)),
            Err(error) if error.kind() != case.kind || !error.to_string().contains(case.message) => {
                failures.push(format!("{}: {:?} {error}", case.name, error.kind()));
            }
            Err(_) => {}
        }
        assert!(matches!(case.kind, Corrupt | InvalidModel | Unsupported));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_small_file_cannot_ask_for_much_memory() {
    let start = std::time::Instant::now();
    let file = files::shared_scales(20_000, 20_000);
    assert!(file.len() < 1 << 20);
    let error = load(&file).unwrap_err();
    assert!(error.to_string().contains("too many times"), "{error}");
    assert!(start.elapsed().as_secs() < 20);
}

/// Each group of a convolution is packed by itself, in panels that are much wider than one channel.
#[test]
fn many_groups_do_not_multiply_the_weights() {
    let file = edited(&|model| {
        let count = 20_000;
        for (index, shape) in [(0, [1, 1, 1, count]), (1, [count, 1, 1, 1]), (3, [1, 1, 1, count])] {
            files::tensor(model, index).shape = Some(shape.to_vec());
        }
        files::tensor(model, 2).shape = Some(vec![count]);
        files::tensor(model, 1).quantization = files::scales(&[0.01], 0);
        files::tensor(model, 2).quantization = files::scales(&[0.005], 0);
        let buffers = model.buffers.as_mut().unwrap();
        buffers[1].data = Some((0..count).map(|at| (at * 29) as u8).collect());
        buffers[2].data = Some(vec![1; 4 * count as usize]);
    });
    let model = load(&file).unwrap();
    let plan = Plan::new(&model, &PlanOptions::default()).unwrap();
    assert_eq!((plan.layers()[0].kernel.as_str(), plan.memory().packed_weight_bytes), ("reference", 0));
    assert!(load_and_run(&file));
}

#[test]
fn wrong_use_is_an_error_with_the_numbers() {
    let model = load(&conv_file()).unwrap();
    let plan = |options: PlanOptions| Plan::new(&model, &PlanOptions { backend: Backend::Reference, ..options });
    let mut session = Session::new(&plan(PlanOptions::default()).unwrap()).unwrap();
    let argument = |result: Result<(), Error>, piece: &str| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().contains(piece), "{error}");
    };
    argument(session.set_input::<u8>(0, &[0; 48]), "int8, not uint8");
    argument(session.set_input::<i8>(0, &[0; 47]), "48 elements of shape [1, 4, 4, 3], got 47");
    argument(session.set_input::<i8>(1, &[]), "there is no input 1");
    argument(session.output(3).map(drop), "there is no output 3");
    argument(session.output_as::<f32>(0).map(drop), "not float32");
    argument(plan(PlanOptions { threads: Some(0), ..PlanOptions::default() }).map(drop), "0 threads");
    argument(plan(PlanOptions { batch: Some(0), ..PlanOptions::default() }).map(drop), "a batch of 0");
    assert!(plan(PlanOptions { batch: Some(1 << (usize::BITS / 2 + 8)), ..PlanOptions::default() }).is_err());
    assert!(session.tensor(0).is_none());
}
