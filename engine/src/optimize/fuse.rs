//! Passes over the operators: what is merged before anything is placed in memory.

use std::sync::Arc;

use super::lower::Member;
use crate::graph::{Graph, TensorId};
use crate::ops::Window2d;
use crate::ops::conv_2d::Conv2d;
use crate::ops::movement::Moved;
use crate::ops::pad::{Border, Pad};

/// One future layer: an operator, or several convolutions that read the same tensor.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The operators, at least one.
    pub(crate) members: Vec<Member>,
    /// Their positions in the file, and those of operators that were merged into them.
    pub(crate) file_operators: Vec<usize>,
    /// What happened to it, for reports.
    pub(crate) notes: Vec<String>,
}

impl Step {
    /// Tensors that the step reads, constants included.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = TensorId> {
        self.members.iter().flat_map(|member| member.inputs.iter().copied().flatten())
    }

    /// Tensors that the step writes.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = TensorId> {
        self.members.iter().flat_map(|member| member.outputs.iter().copied())
    }
}

/// The steps of a graph after all passes.
///
/// With `keep_intermediates` nothing that would hide a tensor is merged.
pub(crate) fn steps(graph: &Graph, keep_intermediates: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = graph
        .nodes
        .iter()
        .map(|node| Step {
            members: vec![Member {
                operator: Arc::clone(&node.operator),
                inputs: node.inputs.clone(),
                outputs: node.outputs.clone(),
            }],
            file_operators: vec![node.file_operator],
            notes: Vec::new(),
        })
        .collect();
    if !keep_intermediates {
        fuse_padding(graph, &mut steps);
    }
    join_siblings(graph, &mut steps);
    steps
}

/// Readers of each tensor, graph outputs counted as one.
fn reader_counts(graph: &Graph, steps: &[Step]) -> Vec<usize> {
    let mut counts = vec![0; graph.tensors.len()];
    for id in steps.iter().flat_map(Step::inputs).chain(graph.outputs.iter().copied()) {
        counts[id] += 1;
    }
    counts
}

/// PAD of height and width before a convolution becomes the convolution's own padding.
///
/// PAD fills with the zero point of its output, which is what the convolution takes for padding.
fn fuse_padding(graph: &Graph, steps: &mut Vec<Step>) {
    let readers = reader_counts(graph, steps);
    let mut index = 0;
    while index < steps.len() {
        if let Some((consumer, member)) = padded_convolution(steps, index, &readers) {
            let pad = steps.remove(index);
            let step = &mut steps[consumer - 1];
            step.members = vec![member];
            step.file_operators.splice(0..0, pad.file_operators);
            step.notes.push("padding fused".to_owned());
        } else {
            index += 1;
        }
    }
}

/// The convolution that alone reads the output of the PAD at `index`, as it is once it pads by itself.
fn padded_convolution(steps: &[Step], index: usize, readers: &[usize]) -> Option<(usize, Member)> {
    let pad_member = &steps[index].members[0];
    let Moved(pad) = pad_member.operator.as_any().downcast_ref::<Moved<Pad>>()?;
    if !matches!(pad.border, Border::Zero(_)) {
        return None;
    }
    let &[[0, 0], down, across, [0, 0]] = &pad.paddings[..] else { return None };
    let padded = *pad_member.outputs.first()?;
    if readers[padded] != 1 {
        return None;
    }
    let consumer = (index + 1..steps.len()).find(|&later| steps[later].inputs().any(|id| id == padded))?;
    let member = &steps[consumer].members[0];
    if member.inputs.first() != Some(&Some(padded)) {
        return None;
    }
    let before = [down[0], across[0]];
    let operator = member.operator.padded(before, [before[0] + down[1], before[1] + across[1]])?;
    let mut inputs = member.inputs.clone();
    inputs[0] = pad_member.inputs[0];
    Some((consumer, Member { operator, inputs, outputs: member.outputs.clone() }))
}

/// 1x1 convolutions that read the same tensor become one with more output channels.
fn join_siblings(graph: &Graph, steps: &mut Vec<Step>) {
    let mut index = 0;
    while index < steps.len() {
        if let Some((input, window)) = joinable(&steps[index]).map(|(input, window)| (input, window.clone())) {
            let mut later = index + 1;
            while later < steps.len() {
                if joinable(&steps[later]).is_some_and(|(other, shape)| other == input && *shape == window) {
                    let sibling = steps.remove(later);
                    steps[index].members.extend(sibling.members);
                    steps[index].file_operators.extend(sibling.file_operators);
                } else {
                    later += 1;
                }
            }
            let count = steps[index].members.len();
            if count > 1 {
                steps[index].notes.push(format!("{count} siblings on '{}'", graph.tensors[input].name));
            }
        }
        index += 1;
    }
}

/// The input of a plain convolution of 8-bit activations and its window, if both allow siblings to join.
fn joinable(step: &Step) -> Option<(TensorId, &Window2d)> {
    let member = step.members.first()?;
    let conv = member.operator.as_any().downcast_ref::<Conv2d>()?;
    let joins = conv.groups == 1 && conv.window.taps() == 1 && !conv.quantization.sums.of_16_bits();
    joins.then_some((member.inputs[0]?, &conv.window))
}
