//! The network as Ottava sees it: typed operators over tensors, nothing of the file format left.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::ops::Operator;
use crate::tensor::{MAX_ACTIVATION_BYTES, checked_size_bytes};

pub use crate::tensor::{Constant, DType, Quantization, Tensor, TensorId};

/// One operator with the tensors it reads and writes.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub operator: Arc<dyn Operator>,
    /// What it reads; `None` where an optional input is absent.
    pub inputs: Vec<Option<TensorId>>,
    /// What it writes; nothing else writes these.
    pub outputs: Vec<TensorId>,
    /// Index of the operator in the file.
    pub file_operator: usize,
}

/// A verified network: nodes in execution order, each tensor written once and before it is read.
#[derive(Clone, Debug)]
pub struct Graph {
    /// All tensors; indices are the file's.
    pub tensors: Vec<Tensor>,
    /// The operators, in execution order.
    pub nodes: Vec<Node>,
    /// What the caller provides.
    pub inputs: Vec<TensorId>,
    /// What the caller gets.
    pub outputs: Vec<TensorId>,
}

impl Graph {
    /// Shapes of a node's inputs.
    pub fn input_shapes(&self, node: &Node) -> Vec<Option<&[usize]>> {
        node.inputs.iter().map(|id| id.map(|id| self.tensors[id].shape.as_slice())).collect()
    }

    /// Shapes of a node's outputs.
    pub fn output_shapes(&self, node: &Node) -> Vec<&[usize]> {
        node.outputs.iter().map(|&id| self.tensors[id].shape.as_slice()).collect()
    }

    /// Multiply-accumulates of a node as usually counted, padding included.
    pub fn node_macs(&self, node: &Node) -> u64 {
        node.operator.macs(&self.input_shapes(node), &self.output_shapes(node))
    }

    /// Multiply-accumulates of the whole network.
    pub fn macs(&self) -> u64 {
        self.nodes.iter().fold(0, |sum: u64, node| sum.saturating_add(self.node_macs(node)))
    }

    /// Bytes of all tensors that are not constants: inputs and what the operators write.
    pub fn activation_bytes(&self) -> usize {
        let written = self.nodes.iter().flat_map(|node| &node.outputs);
        written.chain(&self.inputs).map(|&id| self.tensors[id].size_bytes()).sum()
    }

    /// The shapes that inputs need for a batch: those whose first dimension is 1 get `batch` instead.
    ///
    /// # Errors
    /// When `batch` is 0 or no input can take it.
    pub(crate) fn batched_inputs(&self, batch: usize) -> Result<Vec<(usize, Vec<usize>)>> {
        let mut shapes = Vec::new();
        for (index, &id) in self.inputs.iter().enumerate() {
            if let [1, inner @ ..] = &self.tensors[id].shape[..] {
                shapes.push((index, [&[batch], inner].concat()));
            }
        }
        let already = self.inputs.iter().all(|&id| self.tensors[id].shape.first() == Some(&batch));
        if batch == 0 || (shapes.is_empty() && !already) {
            return Err(Error::argument(format!(
                "a batch of {batch} is not possible: the first dimension of the inputs is fixed"
            )));
        }
        Ok(shapes)
    }

    /// Checks that this graph computes `batch` times independently what `single` computes once: no operator may work
    /// across the batch, and all that shapes differ in is a first dimension `batch` times as large.
    ///
    /// # Errors
    /// Naming the operator that cannot.
    pub(crate) fn check_batch(&self, single: &Self, batch: usize) -> Result<()> {
        let mut batched = vec![false; self.tensors.len()];
        for &id in &self.inputs {
            batched[id] = self.tensors[id].shape != single.tensors[id].shape;
        }
        for node in self.nodes.iter().filter(|_| batch != 1) {
            if !node.inputs.iter().flatten().any(|&id| batched[id]) {
                continue;
            }
            let same_inside = node.outputs.iter().all(|&id| {
                let (old, new) = (&single.tensors[id].shape, &self.tensors[id].shape);
                // A scalar has no dimension that a batch could be along.
                match (&old[..], &new[..]) {
                    ([old_first, old_inside @ ..], [new_first, new_inside @ ..]) => {
                        old_first.checked_mul(batch) == Some(*new_first) && old_inside == new_inside
                    }
                    _ => false,
                }
            });
            if node.operator.mixes_batch() || !same_inside {
                return Err(Error::unsupported(format!("cannot run with a batch of {batch}"))
                    .at_operator(node.file_operator, node.operator.name()));
            }
            node.outputs.iter().for_each(|&id| batched[id] = true);
        }
        Ok(())
    }

    /// Refuses networks that would need unreasonably much memory.
    pub(crate) fn check_sizes(&self) -> Result<()> {
        let mut total = 0_usize;
        for &id in self.nodes.iter().flat_map(|node| &node.outputs).chain(&self.inputs) {
            let tensor = &self.tensors[id];
            let bytes = checked_size_bytes(&tensor.shape, tensor.dtype)
                .ok_or_else(|| Error::unsupported(format!("tensor {id} '{}' is too large", tensor.name)))?;
            total = total.saturating_add(bytes);
        }
        if total > MAX_ACTIVATION_BYTES {
            return Err(Error::unsupported(format!(
                "the activations take {total} bytes, more than the limit of {MAX_ACTIVATION_BYTES}"
            )));
        }
        Ok(())
    }
}
