//! The steps of a plan, what the passes work on, and who reads and writes each tensor.

use std::sync::Arc;

use crate::graph::Graph;
use crate::lowering::NodeTensors;
use crate::ops::Operator;
use crate::tensor::TensorId;

/// One step of the plan: an operator of the file, or what the passes made of several.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) operator: Arc<dyn Operator>,
    pub(crate) tensors: NodeTensors,
    /// Positions in the file of the operators that it is made of.
    pub(crate) file_operators: Vec<usize>,
    /// How many of its outputs stand side by side as the channels of one.
    pub(crate) siblings: usize,
    /// What happened to it, for reports.
    pub(crate) notes: Vec<String>,
}

impl Step {
    /// Tensors that the step reads, constants included.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = TensorId> {
        self.tensors.inputs.iter().copied().flatten()
    }

    /// Tensors that the step writes.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = TensorId> {
        self.tensors.outputs.iter().copied()
    }

    /// Multiply-accumulates, all and in range.
    pub(crate) fn macs(&self, graph: &Graph) -> [u64; 2] {
        let shape = |&id: &TensorId| graph.tensors[id].shape.as_slice();
        let inputs: Vec<_> = self.tensors.inputs.iter().map(|id| id.as_ref().map(shape)).collect();
        let outputs: Vec<_> = self.tensors.outputs.iter().map(shape).collect();
        [self.operator.macs(&inputs, &outputs), self.operator.macs_in_range(&inputs, &outputs)]
    }
}

/// Which steps read and write each tensor.
pub(crate) struct Usage {
    /// Where the readers of each tensor start, and behind the last where they end.
    starts: Vec<usize>,
    /// Steps, in order; one that reads a tensor twice is there twice.
    readers: Vec<usize>,
    writers: Vec<Option<usize>>,
    /// Whether the caller provides or gets the tensor.
    outside: Vec<bool>,
}

impl Usage {
    /// For these steps of a graph.
    pub(crate) fn new(graph: &Graph, steps: &[Step]) -> Self {
        let count = graph.tensors.len();
        let mut starts = vec![0; count + 1];
        for id in steps.iter().flat_map(Step::inputs) {
            starts[id + 1] += 1;
        }
        for id in 0..count {
            starts[id + 1] += starts[id];
        }
        let (mut next, mut readers) = (starts.clone(), vec![0; starts[count]]);
        let mut writers = vec![None; count];
        for (index, step) in steps.iter().enumerate() {
            for id in step.inputs() {
                readers[next[id]] = index;
                next[id] += 1;
            }
            step.outputs().for_each(|id| writers[id] = Some(index));
        }
        let mut outside = vec![false; count];
        graph.inputs.iter().chain(&graph.outputs).for_each(|&id| outside[id] = true);
        Self { starts, readers, writers, outside }
    }

    /// The steps that read a tensor, in order; one that reads it twice is there twice.
    pub(crate) fn readers(&self, id: TensorId) -> &[usize] {
        &self.readers[self.starts[id]..self.starts[id + 1]]
    }

    /// The step that writes a tensor.
    pub(crate) fn writer(&self, id: TensorId) -> Option<usize> {
        self.writers[id]
    }

    /// Whether a tensor is an input or an output of the graph.
    pub(crate) fn is_outside(&self, id: TensorId) -> bool {
        self.outside[id]
    }
}
