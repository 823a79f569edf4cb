//! The model and its plan for programs.

use ottava::{Model, Plan, Quantization, TensorInfo};
use serde::Serialize;
use serde_json::{Value, json};

use super::{memory, node_macs};

/// The whole document.
pub fn document(model: &Model, plan: &Plan) -> impl Serialize + use<> {
    json!({
        "file": model.name(),
        "size_bytes": model.size_bytes(),
        "macs": model.graph().macs(),
        "inputs": plan.inputs().iter().map(interface).collect::<Vec<_>>(),
        "outputs": plan.outputs().iter().map(interface).collect::<Vec<_>>(),
        "operators": operators(model),
        "tensors": tensors(model),
        "plan": {
            "isa": plan.isa().to_string(),
            "threads": plan.threads(),
            "batch": plan.batch(),
            "layers": layers(plan),
            "memory": memory::document(plan),
        },
    })
}

fn interface(info: &TensorInfo) -> Value {
    json!({
        "name": info.name,
        "tensor": info.tensor,
        "dtype": info.dtype.to_string(),
        "shape": info.shape,
        "quantization": info.quantization.as_ref().map(quantization),
    })
}

fn quantization(quantization: &Quantization) -> Value {
    json!({
        "scale": quantization.scale,
        "zero_point": quantization.zero_point,
        "dimension": quantization.dimension,
    })
}

fn operators(model: &Model) -> Vec<Value> {
    let graph = model.graph();
    let one = |node: &ottava::graph::Node| {
        json!({
            "index": node.file_operator,
            "name": node.operator.name(),
            "version": model.operators().get(node.file_operator).map(|operator| operator.version),
            "inputs": node.inputs,
            "outputs": node.outputs,
            "macs": node_macs(model, node.file_operator),
        })
    };
    graph.nodes.iter().map(one).collect()
}

fn tensors(model: &Model) -> Vec<Value> {
    let one = |(index, tensor): (usize, &ottava::graph::Tensor)| {
        json!({
            "index": index,
            "name": tensor.name,
            "dtype": tensor.dtype.to_string(),
            "shape": tensor.shape,
            "constant_bytes": tensor.data.as_ref().map(|data| data.size_bytes()),
            "quantization": tensor.quantization.as_ref().map(quantization),
        })
    };
    model.graph().tensors.iter().enumerate().map(one).collect()
}

fn layers(plan: &Plan) -> Vec<Value> {
    let one = |layer: &ottava::LayerInfo| {
        json!({
            "index": layer.index,
            "name": layer.name,
            "op": layer.op,
            "kernel": layer.kernel,
            "isa": layer.isa.map(|isa| isa.to_string()),
            "file_operators": layer.file_operators,
            "output_shape": layer.output_shape,
            "output_tensors": layer.output_tensors,
            "macs": layer.macs,
            "macs_in_range": layer.macs_in_range,
            "notes": layer.notes,
        })
    };
    plan.layers().iter().map(one).collect()
}
