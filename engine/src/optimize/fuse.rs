//! Passes over the operators: what is merged before anything is placed in memory.

use std::collections::HashMap;
use std::sync::Arc;

use super::steps::{Step, Usage};
use crate::graph::Graph;
use crate::lowering::NodeTensors;
use crate::ops::{PointConvolution, merge_convolutions};

/// The steps of a graph after all passes.
///
/// With `keep_intermediates` nothing that would hide a tensor is merged.
pub(crate) fn steps(graph: &Graph, keep_intermediates: bool) -> Vec<Step> {
    let mut steps: Vec<Step> = graph
        .nodes
        .iter()
        .map(|node| Step {
            operator: Arc::clone(&node.operator),
            tensors: NodeTensors { inputs: node.inputs.clone(), outputs: node.outputs.clone() },
            file_operators: vec![node.file_operator],
            siblings: 1,
            notes: Vec::new(),
        })
        .collect();
    read_halves(graph, &mut steps, keep_intermediates);
    if !keep_intermediates {
        fuse_padding(graph, &mut steps);
    }
    merge_siblings(graph, &mut steps);
    steps
}

/// Leaves out the steps that others have taken over.
fn retain(steps: &mut Vec<Step>, gone: &[bool]) {
    let mut gone = gone.iter();
    steps.retain(|_| gone.next() != Some(&true));
}

/// Operators that take constants of float16 read them without the DEQUANTIZE between, so that they are constants where kernels
/// pack them. A DEQUANTIZE that nothing reads any more is left out, unless its result is to be kept.
fn read_halves(graph: &Graph, steps: &mut Vec<Step>, keep_intermediates: bool) {
    let usage = Usage::new(graph, steps);
    let mut gone = vec![false; steps.len()];
    for index in 0..steps.len() {
        let tensors = &steps[index].tensors;
        let (&[Some(halves)], &[reals]) = (&tensors.inputs[..], &tensors.outputs[..]) else { continue };
        if !steps[index].operator.widens() || graph.tensors[halves].data.is_none() {
            continue;
        }
        let file_operators = steps[index].file_operators.clone();
        let mut first_reader = None;
        let mut read = usage.is_outside(reals);
        for &reader in usage.readers(reals) {
            let step = &mut steps[reader];
            for at in 0..step.tensors.inputs.len() {
                if step.tensors.inputs[at] == Some(reals) && step.operator.reads_halves(at) {
                    step.tensors.inputs[at] = Some(halves);
                    first_reader.get_or_insert(reader);
                }
            }
            read |= step.inputs().any(|id| id == reals);
        }
        if let (false, false, Some(reader)) = (read, keep_intermediates, first_reader) {
            // The operator itself stays the first, by which a step is known.
            steps[reader].file_operators.extend(file_operators);
            gone[index] = true;
        }
    }
    retain(steps, &gone);
}

/// PAD of height and width before a convolution becomes the convolution's own padding.
///
/// PAD fills with the zero point of its output, which is what the convolution takes for padding.
fn fuse_padding(graph: &Graph, steps: &mut Vec<Step>) {
    let usage = Usage::new(graph, steps);
    let mut gone = vec![false; steps.len()];
    for index in 0..steps.len() {
        if let Some(convolution) = fuse_pad(steps, &usage, index) {
            let file_operators = steps[index].file_operators.clone();
            let step = &mut steps[convolution];
            step.file_operators.splice(0..0, file_operators);
            step.notes.push("padding fused".to_owned());
            gone[index] = true;
        }
    }
    retain(steps, &gone);
}

/// Lets the convolution that alone reads the output of the PAD at `index` pad by itself; which one, if there is one.
fn fuse_pad(steps: &mut [Step], usage: &Usage, index: usize) -> Option<usize> {
    let padding = steps[index].operator.padding()?;
    let (source, padded) = (*steps[index].tensors.inputs.first()?, *steps[index].tensors.outputs.first()?);
    let &[reader] = usage.readers(padded) else { return None };
    let convolution = &mut steps[reader];
    if usage.is_outside(padded) || convolution.tensors.inputs.first() != Some(&Some(padded)) {
        return None;
    }
    convolution.operator = convolution.operator.padded(padding)?;
    convolution.tensors.inputs[0] = source;
    Some(reader)
}

/// 1x1 convolutions with the same window that read the same tensor become one with more output channels.
fn merge_siblings(graph: &Graph, steps: &mut Vec<Step>) {
    let mut families: Vec<Vec<usize>> = Vec::new();
    let mut known = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        let input = step.tensors.inputs.first().copied().flatten();
        if let (Some(convolution), Some(input)) = (step.operator.point_convolution(), input) {
            let family = *known.entry((input, convolution.window.clone())).or_insert_with(|| {
                families.push(Vec::new());
                families.len() - 1
            });
            families[family].push(index);
        }
    }
    let mut gone = vec![false; steps.len()];
    for family in families.iter().filter(|family| family.len() > 1) {
        let convolutions: Vec<PointConvolution<'_>> =
            family.iter().filter_map(|&index| steps[index].operator.point_convolution()).collect();
        let Some(operator) = merge_convolutions(&convolutions) else { continue };
        let input = steps[family[0]].tensors.inputs[0];
        let mut tensors = NodeTensors { inputs: vec![input], outputs: Vec::new() };
        let mut file_operators = Vec::new();
        for &index in family {
            let step = &steps[index];
            let operand = |at: usize| step.tensors.inputs.get(at).copied().flatten();
            tensors.inputs.extend([operand(1), operand(2)]);
            tensors.outputs.extend(&step.tensors.outputs);
            file_operators.extend(&step.file_operators);
            gone[index] = index != family[0];
        }
        let name = input.map_or("", |id| &graph.tensors[id].name);
        let first = &mut steps[family[0]];
        first.notes.push(format!("{} siblings on '{name}'", family.len()));
        *first =
            Step { operator, tensors, file_operators, siblings: family.len(), notes: std::mem::take(&mut first.notes) };
    }
    retain(steps, &gone);
}
