//! What must hold for every model.

use ottava::schema::{self, BuiltinOptionsRef};
use ottava::{Backend, DType, ErrorKind, Isa, Model, Plan, PlanOptions, Session};
use planus::ReadAsRoot;

use crate::assert_refusal;

/// How many ways to run a model are tried on every instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// One, which the file's bytes choose: more files in the same time.
    One,
    /// All.
    All,
}

/// Threads, and whether every tensor is kept.
const WAYS: [(usize, bool); 6] = [(1, false), (2, true), (3, false), (1, true), (2, false), (3, true)];

/// Models with larger activations are planned, not run.
const MAX_ACTIVATION_BYTES: usize = 16 << 20;
/// Models with more multiply-accumulates, or window taps of poolings, are planned, not run.
const MAX_WORK: u64 = 50_000_000;

/// Plans the model in several ways; runs it, if it is small, and compares all backends. `file` is what it was made of.
///
/// # Panics
/// On findings.
pub(crate) fn model(model: &Model, file: &[u8], depth: Depth) {
    let reference = PlanOptions { backend: Backend::Reference, keep_intermediates: true, ..PlanOptions::default() };
    let reference = Plan::new(model, &reference).unwrap_or_else(|error| panic!("reference plan: {error}"));
    for batch in [1, 3] {
        // A model may be unable to take a batch, and says so.
        let options = PlanOptions { batch: Some(batch), threads: Some(1), ..PlanOptions::default() };
        let _ = Plan::new(model, &options).inspect_err(assert_refusal);
    }
    let run = is_small(model, file);
    let expected = if run { outcome(&reference) } else { Vec::new() };
    let ways = match depth {
        Depth::One => {
            let hash = file.iter().fold(0usize, |hash, &byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
            &WAYS[hash % WAYS.len()..][..1]
        }
        Depth::All => &WAYS[..],
    };
    for isa in Isa::for_tests() {
        for &(threads, keep_intermediates) in ways {
            let options =
                PlanOptions { isa: Some(isa), threads: Some(threads), keep_intermediates, ..PlanOptions::default() };
            let plan = Plan::new(model, &options).unwrap_or_else(|error| panic!("{isa} plan: {error}"));
            if run {
                compare(&plan, &outcome(&plan), &expected);
            }
        }
    }
}

fn is_small(model: &Model, file: &[u8]) -> bool {
    let graph = model.graph();
    graph.activation_bytes() < MAX_ACTIVATION_BYTES && graph.macs().saturating_add(pooling_work(model, file)) < MAX_WORK
}

/// Taps that the windows of all poolings have together: these count for nothing in multiply-accumulates, and a file of
/// a few bytes can ask for any number of them.
fn pooling_work(model: &Model, file: &[u8]) -> u64 {
    let graph = model.graph();
    let work = |operator: schema::OperatorRef<'_>| -> planus::Result<u64> {
        let Some(BuiltinOptionsRef::Pool2DOptions(options)) = operator.builtin_options()? else { return Ok(0) };
        let output = operator.outputs()?.and_then(|list| list.get(0)).unwrap_or(-1);
        let outputs = graph.tensors.get(output as usize).map_or(0, |tensor| tensor.element_count());
        let taps = i64::from(options.filter_width()?) * i64::from(options.filter_height()?);
        Ok((outputs as u64).saturating_mul(taps.unsigned_abs()))
    };
    let total = || -> planus::Result<u64> {
        let graphs = schema::ModelRef::read_as_root(file)?.subgraphs()?;
        let Some(graph) = graphs.and_then(|graphs| graphs.get(0)) else { return Ok(0) };
        let mut total = 0u64;
        for operator in graph?.operators()?.into_iter().flatten() {
            total = total.saturating_add(work(operator?)?);
        }
        Ok(total)
    };
    total().unwrap_or(u64::MAX)
}

/// What stands for an output of a run that met values which an operator is not defined for.
const UNDEFINED: &[u8] = b"undefined";

/// Runs twice on inputs made from nothing but their length; the outputs, then, unless a run failed, every tensor that was
/// kept.
fn outcome(plan: &Plan) -> Vec<Option<Vec<u8>>> {
    let mut session = Session::new(plan).unwrap_or_else(|error| panic!("{plan:?}: {error}"));
    let count = session.plan().layers().iter().flat_map(|layer| &layer.output_tensors).max().map_or(0, |&id| id + 1);
    let (mut results, mut failed) = (Vec::new(), false);
    for round in 0..2 {
        for index in 0..session.inputs().len() {
            let dtype = session.inputs()[index].dtype;
            let bytes = session.input_mut(index).unwrap_or_else(|error| panic!("{plan:?}: {error}"));
            fill(bytes, dtype, round);
        }
        let undefined = session.run().err();
        if let Some(error) = &undefined {
            assert_eq!(error.kind(), ErrorKind::InvalidModel, "{plan:?}: {error}");
            failed = true;
        }
        for index in 0..session.outputs().len() {
            let bytes = if undefined.is_some() { Ok(UNDEFINED) } else { session.output(index) };
            results.push(bytes.ok().map(<[u8]>::to_vec));
        }
    }
    if failed {
        return results;
    }
    results.extend((0..count).map(|id| session.tensor(id)));
    results
}

/// All byte values; floats are mostly ordinary numbers.
fn fill(bytes: &mut [u8], dtype: DType, round: u32) {
    let mut state = 0x9E37_79B9_u32.wrapping_add(round);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    if dtype == DType::F32 {
        for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
            let value = match at % 61 {
                17 => f32::from_bits(u32::from(next()) << 16 | u32::from(next())),
                _ => (f32::from(next()) - 32_768.0) / 8_192.0,
            };
            chunk.copy_from_slice(&value.to_le_bytes());
        }
    } else {
        bytes.fill_with(|| next() as u8);
    }
}

/// Outputs must be there and equal; of the other tensors those that both have.
fn compare(plan: &Plan, got: &[Option<Vec<u8>>], expected: &[Option<Vec<u8>>]) {
    let outputs = 2 * plan.outputs().len();
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let what = || match index.checked_sub(outputs) {
            None => format!("output {} of run {}", index % (outputs / 2), index / (outputs / 2)),
            Some(id) => format!("tensor {id}"),
        };
        match (got, expected) {
            (Some(got), Some(expected)) if got == expected => {}
            (Some(got), Some(expected)) => {
                let at = got.iter().zip(expected).position(|(got, expected)| got != expected);
                let pair = at.map(|at| (got[at], expected[at]));
                let lengths = (got.len(), expected.len());
                panic!("{plan:?}: {} differs at {at:?}: {pair:?}, lengths {lengths:?}", what());
            }
            _ => assert!(index >= outputs, "{plan:?}: {} is missing", what()),
        }
    }
}
