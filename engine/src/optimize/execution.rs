//! One session of a program: its arena, its region, and its inputs and outputs in the file's form.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ottava_kernels::{Failure, Task};

use super::lend::Lendable;
use super::lifetimes::TensorRange;
use super::memory::{Arena, Workspaces};
use super::schedule::Schedule;
use super::staging::{Staging, copy_out};
use super::views::Views;
use crate::backend::{Outside, Request, TaskSpan};
use crate::binding::Binding;
use crate::error::{Error, Result};
use crate::exec::{Ended, Lender, Region, Span, Work};

#[cfg(test)]
mod tests;

/// What the region runs: the layers over one arena.
struct Layers {
    /// Holds the memory that the views point into.
    arena: Arena,
    workspaces: Workspaces,
    views: Views,
    /// The first layer of the run that could not compute with its values, and why.
    failed: Mutex<Option<(usize, Failure)>>,
    schedule: Arc<Schedule>,
}

impl Layers {
    #[expect(unsafe_code, reason = "views into the session's own arena")]
    fn new(schedule: &Arc<Schedule>) -> Result<Self> {
        let arena = Arena::new(schedule.arena_bytes)?;
        let workspaces = Workspaces::new(schedule.workers(), schedule.workspace_bytes())?;
        // SAFETY: kept beside the arena, whose memory stays where it is, and used by `Layers::run` alone.
        let views = unsafe { Views::new(&arena, schedule) };
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
        // SAFETY: this is a task of a run.
        let views = unsafe { self.views.of(layer) };
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

/// The state of one inference at a time.
pub(super) struct OptimizedExecution {
    region: Region<Layers>,
    schedule: Arc<Schedule>,
    inputs: Staging,
    outputs: Staging,
    /// Views may lead to memory of the caller's that is no longer there.
    lent: bool,
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
        Ok(Self { region, schedule: Arc::clone(schedule), inputs, outputs, lent: false })
    }

    /// The bytes of a graph input, in the file's type.
    pub(super) fn input_mut(&mut self, index: usize) -> &mut [u8] {
        self.inputs.bytes_mut(index)
    }

    /// The bytes of a graph output, in the file's type.
    pub(super) fn output(&self, index: usize) -> &[u8] {
        self.outputs.bytes(index)
    }

    /// Runs the layers as requested; sets both durations of each step.
    #[expect(unsafe_code, reason = "between runs views and arena belong to the execution")]
    pub(super) fn run(&mut self, Request { profile, cancel, bindings }: Request<'_, '_>) -> Result<()> {
        // SAFETY: no run is going on, and outside of runs nobody else touches the arena.
        unsafe { self.inputs.bring_in(&self.region.work().arena, bindings, &self.schedule.lendable) }
        // Last, and until the run is over nobody looks at the bindings: tasks have what is lent.
        self.lend(bindings);
        let result = self.region.run(cancel);
        // Taken in any case: what is left behind would be the next run's failure.
        let failure = self.region.work().take_failure();
        let step = |layer: usize| self.schedule.layers[layer].step;
        result.map_err(|ended| match ended {
            Ended::Panicked(panicked) => {
                Error::internal(format!("layer {} failed: {}", step(panicked.layer), panicked.message()))
            }
            Ended::Stopped(stop) => Error::stopped(stop),
        })?;
        profile.clear();
        let nanos = self.region.layer_nanos().zip(self.region.busy_nanos());
        nanos.enumerate().for_each(|(layer, (nanos, busy))| profile.add(step(layer), nanos, busy));
        if let Some(error) = failure {
            return Err(error);
        }
        // SAFETY: as above.
        unsafe { self.outputs.bring_out(&self.region.work().arena, bindings, &self.schedule.lendable) }
        Ok(())
    }

    /// Whether memory of the caller's that suits kernels is used as it is.
    pub(super) fn binds_in_place(&self, tensor: Outside) -> bool {
        let Lendable { inputs, outputs } = &self.schedule.lendable;
        match tensor {
            Outside::Input(index) => inputs[index].is_some(),
            Outside::Output(index) => outputs[index].is_some(),
        }
    }

    /// Leads the views of each tensor that is bound to the caller's memory, where that can be, and all others to the arena.
    #[expect(unsafe_code, reason = "between runs views and arena belong to the execution")]
    fn lend(&mut self, bindings: &mut [Binding<'_>]) {
        let Layers { arena, views, .. } = self.region.work();
        if self.lent {
            // SAFETY: no run is going on, and the arena is that of the views.
            unsafe { views.take_back(arena, &self.schedule) }
        }
        // Set before views change: what they lead to is there for this run alone.
        self.lent = !bindings.is_empty();
        for binding in bindings {
            let Some(lent) = self.schedule.lendable.of(binding) else { continue };
            if let Some((_, bytes)) = binding.as_input() {
                // SAFETY: no run is going on. The bytes are borrowed for the next one, and the one after it takes the views back
                // first. Steps only read this buffer, of which the bytes are all, with the slack behind it.
                unsafe { views.lend_input(lent, bytes) }
            } else if let Some((_, bytes)) = binding.as_output_mut() {
                // SAFETY: as above; steps only write this buffer, and the borrow is exclusive.
                unsafe { views.lend_output(lent, bytes) }
            }
        }
    }

    /// Zeros all that earlier runs left.
    #[expect(unsafe_code, reason = "between runs the arena belongs to the execution")]
    pub(super) fn reset(&mut self) {
        let Layers { arena, workspaces, .. } = self.region.work();
        // SAFETY: no run is going on, and outside of runs nobody else touches the memory.
        unsafe { arena.clear() }
        // SAFETY: as above.
        unsafe { workspaces.clear() }
        self.inputs.clear();
        self.outputs.clear();
    }

    /// Whether later runs note when and where each task is executed.
    pub(super) fn record_tasks(&mut self, recording: bool) {
        self.region.record(recording);
    }

    /// The tasks of the last run, where it noted them.
    pub(super) fn tasks(&self) -> Vec<TaskSpan> {
        let layers = &self.schedule.layers;
        let first_of = |step: usize| layers.partition_point(|layer| layer.step < step);
        let kernels: Vec<String> = layers.iter().map(|layer| layer.layer.kernel().name.into_owned()).collect();
        let span = |Span { layer, task, thread, begin, end }: Span| TaskSpan {
            layer: layers[layer].step,
            part: layer - first_of(layers[layer].step),
            kernel: kernels[layer].clone(),
            task,
            thread,
            begin: Duration::from_nanos(begin),
            end: Duration::from_nanos(end),
        };
        self.region.spans().map(span).collect()
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
