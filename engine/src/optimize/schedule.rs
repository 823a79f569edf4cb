//! The layers of a program, each with its bytes of the arena: all that a session needs to run.

use ottava_kernels::Layer;

use super::lend::Lendable;
use super::lifetimes::ArenaRange;

/// Layers in the order that they run.
pub(super) struct Schedule {
    pub(super) layers: Vec<ScheduledLayer>,
    /// Position in the file and name of the operator that each step is.
    pub(super) operators: Vec<(usize, &'static str)>,
    pub(super) arena_bytes: usize,
    /// Threads that a session uses at most.
    pub(super) threads: usize,
    /// Inputs and outputs that can be in the caller's memory.
    pub(super) lendable: Lendable,
}

pub(super) struct ScheduledLayer {
    /// The step that it is a layer of.
    pub(super) step: usize,
    pub(super) layer: Box<dyn Layer>,
    pub(super) inputs: Vec<ArenaRange>,
    pub(super) outputs: Vec<ArenaRange>,
}

impl Schedule {
    /// How many threads can have tasks at the same time.
    pub(super) fn workers(&self) -> usize {
        let most_tasks = self.layers.iter().map(|layer| layer.layer.tasks()).max().unwrap_or(0);
        self.threads.min(most_tasks).max(1)
    }

    /// Bytes of workspace for each thread: those of the layer that needs most.
    pub(super) fn workspace_bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.layer.workspace_bytes()).max().unwrap_or(0).next_multiple_of(64)
    }

    /// Bytes of the workspaces of a session.
    pub(super) fn all_workspaces_bytes(&self) -> usize {
        self.workers().saturating_mul(self.workspace_bytes())
    }
}
