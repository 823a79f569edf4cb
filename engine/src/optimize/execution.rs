//! One session of a program: its arena, its region, and its inputs and outputs in the file's form.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ottava_kernels::{Failure, Input, Output, Task};

use super::lifetimes::{ArenaRange, TensorRange};
use super::memory::{Arena, Workspaces};
use super::schedule::{Schedule, ScheduledLayer};
use crate::backend::Profile;
use crate::buffer::AlignedBytes;
use crate::error::{Error, Result};
use crate::exec::{Lender, Region, Work};
use crate::tensor::TensorId;

#[cfg(test)]
mod tests;

/// Views of one layer's operands.
struct LayerViews {
    inputs: Vec<Input<'static>>,
    outputs: Vec<Output<'static>>,
}

impl LayerViews {
    #[expect(unsafe_code, reason = "views into the session's own arena")]
    fn new(arena: &Arena, layer: &ScheduledLayer) -> Self {
        // SAFETY: the views are kept beside the arena and used only by `Layers::run`, in which the
        // region's order and the arena's layout keep what is read apart from what is written.
        let input = |range: &ArenaRange| unsafe { arena.input(range.offset, range.len) };
        // SAFETY: as above.
        let output = |range: &ArenaRange| unsafe { arena.output(range.offset, range.len) };
        Self { inputs: layer.inputs.iter().map(input).collect(), outputs: layer.outputs.iter().map(output).collect() }
    }
}

/// What the region runs: the layers over one arena.
struct Layers {
    /// Holds the memory that the views point into.
    arena: Arena,
    workspaces: Workspaces,
    views: Vec<LayerViews>,
    /// The first layer of the run that could not compute with its values, and why.
    failed: Mutex<Option<(usize, Failure)>>,
    schedule: Arc<Schedule>,
}

impl Layers {
    fn new(schedule: &Arc<Schedule>) -> Result<Self> {
        let arena = Arena::new(schedule.arena_bytes)?;
        let workspaces = Workspaces::new(schedule.workers(), schedule.workspace_bytes())?;
        let views = schedule.layers.iter().map(|layer| LayerViews::new(&arena, layer)).collect();
        Ok(Self { arena, workspaces, views, failed: Mutex::new(None), schedule: Arc::clone(schedule) })
    }

    /// Remembers a failure unless an earlier layer failed already: what follows it computes with leftovers.
    fn fail(&self, layer: usize, failure: Failure) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.as_ref().is_none_or(|(earlier, _)| layer < *earlier) {
            *failed = Some((layer, failure));
        }
    }

    /// The error of the last run, if a layer failed.
    fn take_failure(&self) -> Option<Error> {
        let (layer, failure) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let (index, name) = self.schedule.operators[self.schedule.layers[layer].step];
        let error = match failure.downcast::<Error>() {
            Ok(error) => *error,
            Err(other) => Error::invalid(other.to_string()),
        };
        Some(error.at_operator(index, name))
    }
}

impl Work for Layers {
    fn layers(&self) -> usize {
        self.schedule.layers.len()
    }

    fn tasks(&self, layer: usize) -> usize {
        self.schedule.layers[layer].layer.tasks()
    }

    #[expect(unsafe_code, reason = "the region's contract is the kernels' contract")]
    unsafe fn run(&self, layer: usize, task: usize, thread: usize) {
        let views = &self.views[layer];
        // SAFETY: earlier tasks of this thread are over, and nobody else goes by its number.
        let workspace = unsafe { self.workspaces.of(thread) };
        let task = Task { index: task, inputs: &views.inputs, outputs: &views.outputs, workspace };
        // SAFETY: the region runs each task once and all earlier layers before; buffers that are
        // alive in the same layer do not overlap, so nobody writes what this task reads, but the task
        // itself where the layer works in place; and tasks of a layer write disjoint bytes.
        let result = unsafe { self.schedule.layers[layer].layer.run(task) };
        if let Err(failure) = result {
            self.fail(layer, failure);
        }
    }
}

/// A graph input or output in the file's form.
pub(super) struct Staged {
    bytes: AlignedBytes,
    /// `None` for constants, whose bytes never change.
    tensor: Option<TensorRange>,
    xor_mask: u8,
}

impl Staged {
    /// Memory for `size_bytes` bytes of a tensor in the arena, which the file's bytes are XORed to.
    pub(super) fn new(size_bytes: usize, tensor: Option<TensorRange>, xor_mask: u8) -> Result<Self> {
        Ok(Self { bytes: AlignedBytes::new(size_bytes)?, tensor, xor_mask })
    }

    /// A constant.
    pub(super) fn constant(constant: &[u8]) -> Result<Self> {
        let mut staged = Self::new(constant.len(), None, 0)?;
        staged.bytes.bytes_mut().copy_from_slice(constant);
        Ok(staged)
    }
}

/// Inputs or outputs in the file's form. A tensor that is listed more than once is there once.
pub(super) struct Staging {
    distinct: Vec<Staged>,
    /// Which of them each input or output is.
    listed: Vec<usize>,
}

impl Staging {
    /// What `stage` makes of each different tensor of a list.
    pub(super) fn new(ids: &[TensorId], mut stage: impl FnMut(TensorId) -> Result<Staged>) -> Result<Self> {
        let mut staging = Self { distinct: Vec::new(), listed: Vec::with_capacity(ids.len()) };
        let mut known = HashMap::new();
        for &id in ids {
            let next = staging.distinct.len();
            let index = *known.entry(id).or_insert(next);
            if index == next {
                staging.distinct.push(stage(id)?);
            }
            staging.listed.push(index);
        }
        Ok(staging)
    }
}

/// The state of one inference at a time.
pub(super) struct OptimizedExecution {
    region: Region<Layers>,
    schedule: Arc<Schedule>,
    inputs: Staging,
    outputs: Staging,
}

impl OptimizedExecution {
    /// A session of the layers with helpers from `lender`.
    ///
    /// # Errors
    /// When there is no memory for it, or a layer has too many tasks.
    pub(super) fn new(
        schedule: &Arc<Schedule>,
        lender: Option<Lender>,
        inputs: Staging,
        outputs: Staging,
    ) -> Result<Self> {
        let layers = Layers::new(schedule)?;
        let region =
            Region::new(layers, schedule.threads, lender).map_err(|error| Error::argument(error.to_string()))?;
        Ok(Self { region, schedule: Arc::clone(schedule), inputs, outputs })
    }

    /// The bytes of a graph input, in the file's type.
    pub(super) fn input_mut(&mut self, index: usize) -> &mut [u8] {
        self.inputs.distinct[self.inputs.listed[index]].bytes.bytes_mut()
    }

    /// The bytes of a graph output, in the file's type.
    pub(super) fn output(&self, index: usize) -> &[u8] {
        self.outputs.distinct[self.outputs.listed[index]].bytes.bytes()
    }

    /// Runs the layers; sets both durations of each step.
    #[expect(unsafe_code, reason = "between runs the arena belongs to the execution")]
    pub(super) fn run(&mut self, profile: &mut Profile) -> Result<()> {
        let arena = &self.region.work().arena;
        for Staged { bytes, tensor, xor_mask } in &self.inputs.distinct {
            let tensor = tensor.expect("graph inputs are somewhere");
            // SAFETY: no run is going on, and outside of runs nobody else touches the arena.
            unsafe { arena.copy_in(tensor.range.offset, bytes.bytes(), *xor_mask) };
        }
        let result = self.region.run();
        // Taken in any case: what is left behind would be the next run's failure.
        let failure = self.region.work().take_failure();
        let step = |layer: usize| self.schedule.layers[layer].step;
        result.map_err(|panicked| {
            Error::internal(format!("layer {} failed: {}", step(panicked.layer), panicked.message()))
        })?;
        profile.clear();
        let nanos = self.region.layer_nanos().zip(self.region.busy_nanos());
        nanos.enumerate().for_each(|(layer, (nanos, busy))| profile.add(step(layer), nanos, busy));
        if let Some(error) = failure {
            return Err(error);
        }
        for Staged { bytes, tensor, xor_mask } in &mut self.outputs.distinct {
            if let Some(tensor) = tensor {
                // SAFETY: as above.
                unsafe { copy_out(&self.region.work().arena, tensor, *xor_mask, bytes.bytes_mut()) };
            }
        }
        Ok(())
    }

    /// The bytes of a tensor of the arena, each XOR `xor_mask`.
    #[expect(unsafe_code, reason = "between runs the arena belongs to the execution")]
    pub(super) fn tensor(&self, tensor: &TensorRange, size_bytes: usize, xor_mask: u8) -> Vec<u8> {
        let mut bytes = vec![0; size_bytes];
        // SAFETY: runs borrow the execution mutably, so none is going on.
        unsafe { copy_out(&self.region.work().arena, tensor, xor_mask, &mut bytes) };
        bytes
    }
}

/// Copies a tensor out of the arena, each byte XOR `xor_mask`.
///
/// # Safety
/// Nobody writes the tensor's bytes meanwhile.
#[expect(unsafe_code, reason = "as its caller")]
unsafe fn copy_out(arena: &Arena, tensor: &TensorRange, xor_mask: u8, bytes: &mut [u8]) {
    // SAFETY: the caller's promise.
    unsafe { arena.copy_out(tensor.range.offset, [tensor.run_bytes, tensor.stride_bytes], xor_mask, bytes) }
}
