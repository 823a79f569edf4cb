//! Packed models that were changed after they were packed.

use std::ops::Range;
use std::sync::LazyLock;

use ottava::{ErrorKind, Isa, Kept, Model, Plan, PlanOptions, Session};

use crate::script::Script;
use crate::{assert_refusal, load};

/// Bytes of the header, and of each entry of the table behind it.
const HEADER: usize = 64;
const ENTRY: usize = 64;
/// Bytes of a plan's header and of each step, and of each buffer's entry behind the steps.
const STEP: usize = 16;
const BUFFER: usize = 48;

/// Packed networks for all instruction sets of this CPU.
static PACKED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let networks = [0, 1].map(ottava_models::tiny).into_iter();
    let networks =
        networks.chain([1, 4].map(ottava_models::random_network)).chain([3, 8].map(ottava_models::mixed_network));
    networks
        .zip([Kept::Everything, Kept::WithoutPackedWeights].into_iter().cycle())
        .map(|(file, kept)| pack(file, kept))
        .collect()
});

fn pack(file: Vec<u8>, kept: Kept) -> Vec<u8> {
    let model = Model::from_bytes(file, "sound").unwrap_or_else(|error| panic!("a sound network: {error}"));
    let plan = |isa: Isa| Plan::new(&model, &options(isa, 1)).unwrap_or_else(|error| panic!("{isa}: {error}"));
    let plans: Vec<Plan> = Isa::for_tests().into_iter().map(plan).collect();
    let mut packed = Vec::new();
    ottava::write_plans(&plans.iter().collect::<Vec<_>>(), kept, &mut packed).unwrap_or_else(|error| panic!("{error}"));
    packed
}

fn options(isa: Isa, threads: usize) -> PlanOptions {
    PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() }
}

/// What became of a changed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is no model.
    Refused,
    /// It is one, but cannot be planned.
    NotPlanned,
    /// It was planned, and run where the network was still the same.
    Planned,
}

/// A packed network, changed as the script says.
///
/// # Panics
/// On findings.
pub(crate) fn packed(script: &mut Script<'_>) -> Outcome {
    let mut file = PACKED[script.index(PACKED.len())].clone();
    let mut same_network = true;
    for _ in 0..1 + script.index(3) {
        same_network &= edit(script, &mut file);
    }
    let Some(model) = load(file) else { return Outcome::Refused };
    let _ = model.check_packed().inspect_err(assert_refusal);
    let isas = Isa::for_tests();
    let (isa, threads) = (isas[script.index(isas.len())], 1 + script.index(2));
    match Plan::new(&model, &options(isa, threads)) {
        Err(error) => {
            assert_refusal(&error);
            Outcome::NotPlanned
        }
        Ok(plan) => {
            // Another network may be too large to run.
            if same_network {
                run(&plan);
            }
            Outcome::Planned
        }
    }
}

/// Weights may be any, so that outputs are, too.
fn run(plan: &Plan) {
    let mut session = Session::new(plan).unwrap_or_else(|error| panic!("{plan:?}: {error}"));
    for index in 0..session.inputs().len() {
        session.input_mut(index).unwrap_or_else(|error| panic!("{plan:?}: {error}")).fill(0x3F);
    }
    if let Err(error) = session.run() {
        assert_eq!(error.kind(), ErrorKind::InvalidModel, "{plan:?}: {error}");
    }
}

/// Changes something; returns whether the network is surely the same.
fn edit(script: &mut Script<'_>, file: &mut Vec<u8>) -> bool {
    let kind = script.byte() % 16;
    let plans = plans(file);
    match kind {
        0 => file.truncate(script.index(file.len() + 1)),
        1..=3 => edit_word(script, file, 0..HEADER + 8 * ENTRY),
        4 => {
            // What is left of the header is the source, mostly.
            let end = plans.first().map_or(file.len(), |plan| plan.start);
            edit_word(script, file, HEADER..end);
            return false;
        }
        5..=7 => {
            let Some(plan) = pick(script, &plans) else { return true };
            let steps = 8 + index_bytes(file, &plan);
            edit_word(script, file, plan.start..(plan.start + steps).min(plan.end));
        }
        8 => edit_word(script, file, 0..usize::MAX),
        9 | 10 => {
            let Some(plan) = pick(script, &plans) else { return true };
            resize_buffer(script, file, &plan);
        }
        _ => {
            // Facts, offsets and starts are small: by buffers, not by bytes.
            let Some(plan) = pick(script, &plans) else { return true };
            let buffers = buffers(file, &plan);
            let Some(buffer) = pick(script, &buffers) else { return true };
            edit_word(script, file, buffer);
        }
    }
    true
}

fn pick(script: &mut Script<'_>, ranges: &[Range<usize>]) -> Option<Range<usize>> {
    if ranges.is_empty() { None } else { Some(ranges[script.index(ranges.len())].clone()) }
}

/// Changes four bytes of a range.
fn edit_word(script: &mut Script<'_>, file: &mut [u8], range: Range<usize>) {
    let range = range.start.min(file.len())..range.end.min(file.len());
    let Some(last) = range.len().checked_sub(4) else { return };
    let at = range.start + script.index(last / 4 + 1) * 4;
    let Some(word) = file.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) else { return };
    *word = script.i32(i32::from_le_bytes(*word)).to_le_bytes();
}

fn number(file: &[u8], at: usize) -> usize {
    let bytes = file.get(at..).and_then(|rest| rest.first_chunk::<4>());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

/// The range whose offset and length are at `at`, as far as it is inside.
fn range(file: &[u8], at: usize, base: usize) -> Range<usize> {
    let start = base.saturating_add(number(file, at)).min(file.len());
    start..start.saturating_add(number(file, at + 8)).min(file.len())
}

/// The sections of plans.
fn plans(file: &[u8]) -> Vec<Range<usize>> {
    let entries = (0..number(file, 12).min(16)).map(|index| HEADER + index * ENTRY);
    let plans = entries.filter(|&at| file.get(at..at + 4) == Some(b"plan"));
    plans.map(|at| range(file, at + 24, 0)).collect()
}

/// Bytes of the tables of a plan.
fn index_bytes(file: &[u8], plan: &Range<usize>) -> usize {
    let (steps, buffers) = (number(file, plan.start), number(file, plan.start + 4));
    STEP + steps.min(1 << 16) * STEP + buffers.min(1 << 16) * BUFFER
}

/// Gives a buffer another length, of whole lines.
fn resize_buffer(script: &mut Script<'_>, file: &mut [u8], plan: &Range<usize>) {
    let count = number(file, plan.start + 4).min(1 << 10);
    if count == 0 {
        return;
    }
    let first = plan.start + STEP + number(file, plan.start).min(1 << 16) * STEP;
    let at = first + script.index(count) * BUFFER + 40;
    let length = (number(file, at) / 64).saturating_add_signed((script.byte() as i8).into()) * 64;
    if let Some(word) = file.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        *word = (length as u32).to_le_bytes();
    }
}

/// The buffers of a plan.
fn buffers(file: &[u8], plan: &Range<usize>) -> Vec<Range<usize>> {
    let first = plan.start + STEP + number(file, plan.start).min(1 << 16) * STEP;
    let entries = (0..number(file, plan.start + 4).min(1 << 10)).map(|index| first + index * BUFFER);
    entries.map(|at| range(file, at + 32, plan.start)).collect()
}
