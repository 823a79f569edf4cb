//! Damaged models of each operator: after any import neither planning nor running panics, and both backends agree.
//!
//! The recordings of `models/golden` are the models; bytes of their tables become other ones.

mod recordings;

use ottava::{Backend, ErrorKind, Model, Plan, PlanOptions, Session};
use recordings::{archives, cases};

/// Models of each operator that are damaged, spread over element types.
const MODELS: usize = 12;
/// Ways in which each is.
const EDITS: u64 = 40;
/// Networks that an edit makes larger than this are planned but not run.
const MAX_RUN_BYTES: usize = 1 << 22;
/// As [`MAX_RUN_BYTES`], in multiply-accumulates.
const MAX_RUN_MACS: u64 = 1 << 24;

/// A number that looks random.
fn mixed(seed: u64) -> u64 {
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// One to three words or bytes of the file, replaced.
fn damage(file: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(state)
    };
    for _ in 0..=next() % 3 {
        let at = next() as usize % file.len();
        let replacement: &[u8] = match next() % 8 {
            0 => &[0xFF; 4],
            1 => &[0; 4],
            2 => &[0xFF, 0xFF, 0xFF, 0x7F],
            3 => &[next() as u8 % 8, 0, 0, 0],
            4 => &[next() as u8],
            5 => &(next() as u32).to_le_bytes(),
            6 => &[file[at].wrapping_add(1)],
            _ => &[file[at].wrapping_sub(1)],
        };
        let start = if replacement.len() == 4 { at / 4 * 4 } else { at };
        for (byte, &new) in file[start..].iter_mut().zip(replacement) {
            *byte = new;
        }
    }
}

/// Outputs of a run, or nothing where the operator is not defined for its values.
fn run(model: &Model, backend: Backend) -> Option<Vec<Vec<u8>>> {
    let options = PlanOptions { backend, threads: Some(1), ..PlanOptions::default() };
    let plan = Plan::new(model, &options).expect("a verified model can be planned");
    let mut session = Session::new(&plan).expect("a session of a valid plan");
    for index in 0..session.inputs().len() {
        let bytes = session.input_mut(index).expect("an input that exists");
        bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 37) as u8);
    }
    if let Err(error) = session.run() {
        assert_eq!(error.kind(), ErrorKind::InvalidModel, "{error}");
        return None;
    }
    let output = |index| session.output(index).expect("an output that exists").to_vec();
    Some((0..session.outputs().len()).map(output).collect())
}

#[test]
fn damaged_models_of_each_operator_never_panic() {
    let (mut tried, mut loaded, mut failures) = (0, 0, Vec::new());
    for (operator, archive) in archives() {
        let cases = cases(&archive);
        for (name, case) in cases.iter().step_by(cases.len().div_ceil(MODELS).max(1)) {
            for edit in 0..EDITS {
                tried += 1;
                let mut file = case.model.clone();
                damage(&mut file, edit);
                let result = std::panic::catch_unwind(|| {
                    let Ok(model) = Model::from_bytes(file, "damaged") else { return 0 };
                    let graph = model.graph();
                    if graph.activation_bytes() <= MAX_RUN_BYTES && graph.macs() <= MAX_RUN_MACS {
                        let (want, got) = (run(&model, Backend::Reference), run(&model, Backend::Optimized));
                        assert!(want == got, "the backends disagree on {graph:?}");
                    }
                    1
                });
                match result {
                    Ok(good) => loaded += good,
                    Err(_) => failures.push(format!("{operator} {name} edit {edit}")),
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} panics:\n{}", failures.len(), failures.join("\n"));
    // None at all would mean that nothing was run.
    assert!(loaded * 20 > tried, "only {loaded} of {tried} damaged models were loaded");
}
