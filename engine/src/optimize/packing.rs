//! Lowering a step with packed weights, and what of them can be stored.

use std::cmp::Reverse;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use ottava_kernels::gemm::winograd::When;
use ottava_kernels::{Isa, Packing, Scratch};

use super::fallback;
use super::steps::Step;
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, Places, StepPacking, TableBudget};
use crate::model::Model;
use crate::packed::{PackedStep, StoredPlan, StoredStep};
use crate::pages::PackedPages;
use crate::tensor::{Constant, Tensor, memory_limit};

/// A model whose weights take more than this once packed is refused: a small file can name the same weights many times.
const MAX_PACKED_BYTES: usize = memory_limit(1 << 32);

/// Bytes of constants from which on several threads lower steps.
const WORTH_A_THREAD: usize = 1 << 18;

/// So many steps that were packed before are lowered until the pages of the source are given back.
const RELEASED_STEPS: usize = 16;

/// Where a plan has its packed weights from.
pub(crate) enum PackedWeights {
    /// It packs them.
    Fresh,
    /// They were packed before.
    Stored(StoredPlan),
    /// Nowhere: only how much memory they take is asked for.
    Measured,
}

/// What all steps of a plan are lowered with.
pub(super) struct Lowerer<'a> {
    pub(super) model: &'a Model,
    pub(super) tensors: &'a [Tensor],
    pub(super) places: &'a Places,
    pub(super) isa: Isa,
    pub(super) threads: usize,
    pub(super) winograd: When,
    pub(super) tables: &'a TableBudget,
    /// Where packed weights go; `None` where they are only measured.
    pub(super) memory: Option<Arc<PackedPages>>,
}

impl Lowerer<'_> {
    /// A step as a kernel, or as the reference where it has none; `stored` is what was packed before.
    fn lower(&self, step: &Step, stored: Option<StoredStep>, scratch: &mut Scratch) -> Result<LoweredStep> {
        let operator = &step.operator;
        let at_operator = |error: Error| error.at_operator(step.file_operators[0], operator.name());
        let (first_operator, operators) = (step.file_operators[0], step.file_operators.len());
        let stored = stored.filter(|stored| !stored.buffers.is_empty());
        let (packing, stored_note) = match (stored, &self.memory) {
            (Some(StoredStep { buffers, note, .. }), _) => (Packing::stored(buffers), Some(note)),
            (None, Some(memory)) => (Packing::fresh_in(Arc::clone(memory) as _).with_scratch(mem::take(scratch)), None),
            (None, None) => (Packing::measuring(), None),
        };
        let packed_now = stored_note.is_none() && self.memory.is_some();
        let lowering = Lowering {
            tensors: self.tensors,
            file: self.model.bytes(),
            places: self.places,
            isa: self.isa,
            threads: self.threads,
            winograd: self.winograd,
            tables: self.tables,
            packed: StepPacking::new(packing),
        };
        let mut lowered = match operator.lower(&lowering, &step.tensors).map_err(at_operator)? {
            Some(lowered) => lowered,
            None => fallback::lower(self.model, &lowering, step).map_err(at_operator)?,
        };
        let (mut packing, weights) = lowering.packed.finish();
        *scratch = packing.take_scratch();
        let buffers = packing.finish().map_err(|unfit| at_operator(unfit.into()))?;
        // Kernels cannot tell anew what packing made of the weights.
        if let Some(note) = stored_note {
            lowered.note = note;
        }
        if packed_now && !buffers.is_empty() {
            self.model.release(step.inputs().filter_map(|id| self.tensors[id].data.as_ref()));
        }
        let note = lowered.note.clone().filter(|_| !buffers.is_empty());
        Ok((lowered, PackedStep { first_operator, operators, note, buffers, weights }))
    }
}

/// A lowered step.
type LoweredStep = (Lowered, PackedStep);

/// Steps that several threads lower.
struct Shared<'a> {
    lowerer: &'a Lowerer<'a>,
    steps: &'a [&'a Step],
    /// Positions of the steps, those that pack most first, so that threads end close together.
    order: Vec<usize>,
    next: AtomicUsize,
    packed_bytes: AtomicUsize,
    results: Vec<OnceLock<Result<LoweredStep>>>,
}

impl Shared<'_> {
    /// Lowers steps until none is left, or more is packed than a plan may have.
    fn work(&self) {
        let mut scratch = Scratch::default();
        while self.packed_bytes.load(Ordering::Relaxed) <= MAX_PACKED_BYTES {
            let Some(&step) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) else { return };
            let lowered = self.lowerer.lower(self.steps[step], None, &mut scratch);
            if let Ok((lowered, _)) = &lowered {
                self.packed_bytes.fetch_add(lowered.packed_bytes(), Ordering::Relaxed);
            }
            // Each step is one thread's.
            let _ = self.results[step].set(lowered);
        }
    }
}

impl Lowerer<'_> {
    /// Lowers all steps, on the plan's threads where there is much to pack.
    ///
    /// # Errors
    /// That of the first step that has one, or there is more to pack than a plan may have.
    pub(super) fn lower_all(&self, steps: &[&Step], stored: Option<Vec<StoredStep>>) -> Result<Vec<LoweredStep>> {
        let constant_bytes = |step: &Step| -> usize {
            step.inputs().filter_map(|id| self.tensors[id].data.as_ref()).map(Constant::size_bytes).sum()
        };
        let much = steps.iter().map(|step| constant_bytes(step)).fold(0, usize::saturating_add) >= WORTH_A_THREAD;
        if stored.is_none() && much && self.threads > 1 {
            let mut order: Vec<usize> = (0..steps.len()).collect();
            order.sort_by_key(|&step| Reverse(constant_bytes(steps[step])));
            let lowered = self.lower_shared(steps, order);
            self.model.release_source();
            // Who gets the last entries must not depend on which thread comes first.
            if !self.tables.was_short() {
                return lowered;
            }
            self.tables.reset();
        }
        let is_stored = stored.is_some();
        let mut stored = stored.into_iter().flatten();
        let (mut packed_bytes, mut scratch) = (0usize, Scratch::default());
        let mut lower = |step: &&Step| {
            let lowered = self.lower(step, stored.next(), &mut scratch)?;
            packed_bytes = packed_bytes.saturating_add(lowered.0.packed_bytes());
            if packed_bytes > MAX_PACKED_BYTES { Err(too_much()) } else { Ok(lowered) }
        };
        let mut all = Vec::with_capacity(steps.len());
        for some in steps.chunks(if is_stored { RELEASED_STEPS } else { steps.len().max(1) }) {
            for step in some {
                all.push(lower(step)?);
            }
            // Of the source only biases are read, with the pages around them.
            self.model.release_source();
        }
        Ok(all)
    }

    fn lower_shared(&self, steps: &[&Step], order: Vec<usize>) -> Result<Vec<LoweredStep>> {
        let results = steps.iter().map(|_| OnceLock::new()).collect();
        let (next, packed_bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Shared { lowerer: self, steps, order, next, packed_bytes, results };
        thread::scope(|scope| {
            for _ in 1..self.threads.min(steps.len()) {
                // Where there are no more threads, those that there are do the work.
                if thread::Builder::new().spawn_scoped(scope, || shared.work()).is_err() {
                    break;
                }
            }
            shared.work();
        });
        shared.results.into_iter().map(|result| result.into_inner().unwrap_or_else(|| Err(too_much()))).collect()
    }
}

fn too_much() -> Error {
    Error::unsupported(format!("packed weights of more than {} GiB", MAX_PACKED_BYTES >> 30))
}

/// The stored steps of a plan, one for each of `steps`.
///
/// # Errors
/// They are not those of the plan.
pub(super) fn stored_steps(stored: StoredPlan, steps: &[&Step]) -> Result<Vec<StoredStep>> {
    let is_of = |(stored, step): (&StoredStep, &&Step)| {
        stored.first_operator == step.file_operators[0] && stored.operators == step.file_operators.len()
    };
    let same = stored.steps.len() == steps.len() && stored.steps.iter().zip(steps).all(is_of);
    if same { Ok(stored.steps) } else { Err(Error::corrupt("the packed weights are those of another plan")) }
}
