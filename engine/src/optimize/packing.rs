//! Lowering a step with packed weights, and what of them can be stored.

use ottava_kernels::gemm::winograd::When;
use ottava_kernels::{Isa, PackedBuffer, Packing};

use super::fallback;
use super::steps::Step;
use crate::error::{Error, Result};
use crate::lowering::{Lowered, Lowering, Places, StepPacking, TableBudget};
use crate::model::Model;
use crate::packed::{StoredPlan, StoredStep};
use crate::tensor::{Tensor, TensorId};

/// Longest note that is stored, in characters.
const MAX_NOTE: usize = 1000;

/// A step with its packed weights.
#[derive(Clone, Debug)]
pub(crate) struct PackedStep {
    /// Position in the file of its first operator, and how many it is made of.
    pub(crate) first_operator: usize,
    pub(crate) operators: usize,
    /// What its kernel told, where weights were packed.
    pub(crate) note: Option<String>,
    /// The buffers of its layers, in order.
    pub(crate) buffers: Vec<PackedBuffer>,
    /// Constants whose bytes its kernels pack.
    pub(crate) weights: Vec<TensorId>,
}

impl PackedStep {
    /// The note as it is stored.
    pub(crate) fn stored_note(&self) -> &str {
        let note = self.note.as_deref().unwrap_or_default();
        let end = note.char_indices().nth(MAX_NOTE).map_or(note.len(), |(end, _)| end);
        if note.chars().any(char::is_control) { "" } else { &note[..end] }
    }
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
}

impl Lowerer<'_> {
    /// A step as a kernel, or as the reference where it has none; `stored` is what was packed before.
    pub(super) fn lower(&self, step: &Step, stored: Option<StoredStep>) -> Result<(Lowered, PackedStep)> {
        let operator = &step.operator;
        let at_operator = |error: Error| error.at_operator(step.file_operators[0], operator.name());
        let (first_operator, operators) = (step.file_operators[0], step.file_operators.len());
        let stored = stored.filter(|stored| !stored.buffers.is_empty());
        let (packing, stored_note) = match stored {
            Some(StoredStep { buffers, note, .. }) => (Packing::stored(buffers), Some(note)),
            None => (Packing::fresh(), None),
        };
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
        let (packing, weights) = lowering.packed.finish();
        let buffers = packing.finish().map_err(|unfit| at_operator(unfit.into()))?;
        // Kernels cannot tell anew what packing made of the weights.
        if let Some(note) = stored_note {
            lowered.note = note;
        }
        if !buffers.is_empty() {
            self.model.release(step.inputs().filter_map(|id| self.tensors[id].data.as_ref()));
        }
        let note = lowered.note.clone().filter(|_| !buffers.is_empty());
        Ok((lowered, PackedStep { first_operator, operators, note, buffers, weights }))
    }
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
