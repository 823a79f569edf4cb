//! Operators whose result is known at import: arithmetic on shapes and on constants.

use std::sync::Arc;

use crate::budget::Budget;
use crate::error::Result;
use crate::graph::{Graph, Node};
use crate::ops::{TensorView, TensorViewMut};
use crate::tensor::{Constant, ConstantBytes};

/// Larger results are computed in each run: weights stay in the file.
const LARGEST: usize = 1 << 12;

/// Elementary steps of a node, at most.
fn steps(node: &Node, graph: &Graph) -> u64 {
    let read = node.inputs.iter().flatten().filter(|_| !node.operator.reads_only_shapes());
    let bytes = read.chain(&node.outputs).map(|&id| graph.tensors[id].size_bytes() as u64);
    graph.node_macs(node).saturating_add(bytes.fold(0, u64::saturating_add))
}

/// Evaluates `node` if nothing that it reads depends on the network's inputs, and makes constants of its outputs. Whether
/// it did.
pub(super) fn fold(file: &[u8], node: &Node, graph: &mut Graph, budget: &mut Budget) -> Result<bool> {
    let constant = |id: usize| graph.tensors[id].data.is_some();
    // What is left out cannot be read here either; the plan says so.
    let left_out = |id: usize| graph.tensors[id].data.as_ref().is_some_and(Constant::is_left_out);
    if node.inputs.iter().flatten().any(|&id| left_out(id)) {
        return Ok(false);
    }
    let known = node.operator.reads_only_shapes() || node.inputs.iter().flatten().all(|&id| constant(id));
    let small = node.outputs.iter().all(|&id| graph.tensors[id].size_bytes() <= LARGEST);
    let cheap = node.operator.work_is_bounded();
    if !known || !small || !cheap || !budget.spend(steps(node, graph)) {
        return Ok(false);
    }
    let view = |id: usize| {
        let tensor = &graph.tensors[id];
        let bytes = tensor.data.as_ref().map_or(&[][..], |data| data.bytes(file));
        TensorView { shape: &tensor.shape, dtype: tensor.dtype, bytes }
    };
    let inputs: Vec<_> = node.inputs.iter().map(|id| id.map(view)).collect();
    let mut results: Vec<Vec<u8>> = node.outputs.iter().map(|&id| vec![0; graph.tensors[id].size_bytes()]).collect();
    let target = |(&id, bytes): (&usize, _)| {
        let tensor = &graph.tensors[id];
        TensorViewMut { shape: &tensor.shape, dtype: tensor.dtype, bytes }
    };
    let mut outputs: Vec<_> = node.outputs.iter().zip(results.iter_mut().map(Vec::as_mut_slice)).map(target).collect();
    node.operator.reference(&inputs, &mut outputs)?;
    for (&id, bytes) in node.outputs.iter().zip(results) {
        budget.charge(bytes.len())?;
        graph.tensors[id].data = Some(Constant(ConstantBytes::Computed(Arc::from(bytes))));
    }
    Ok(true)
}
