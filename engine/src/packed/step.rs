//! What a plan packs of a step.

use ottava_kernels::PackedBuffer;

use crate::tensor::TensorId;

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
