//! The reference backend: each operator of the file through `ottava-ref`, in order, on one thread.

use std::sync::Arc;
use std::time::Duration;

use ottava_kernels::Isa;

use crate::backend::{Execution, LayerInfo, MemoryInfo, Outside, PlanOptions, Program, Request, TaskSpan};
use crate::binding::Binding;
use crate::buffer::AlignedBytes;
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::exec::Cancel;
use crate::graph::{Constant, Graph, Node, TensorId};
use crate::model::Model;
use crate::ops::{TensorView, TensorViewMut};
use crate::tensor::left_out;

/// What runs each operator.
const KERNEL: &str = "reference";

/// The graph as it is, one layer per operator.
pub(crate) struct ReferenceProgram {
    shared: Arc<Shared>,
    layers: Vec<LayerInfo>,
}

struct Shared {
    model: Model,
    graph: Arc<Graph>,
    keep_intermediates: bool,
}

impl ReferenceProgram {
    /// # Errors
    /// The bytes of a constant are left out.
    pub(crate) fn new(model: &Model, graph: Arc<Graph>, options: &PlanOptions) -> Result<Self> {
        let read = graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten());
        let lacks = |&&id: &&TensorId| graph.tensors[id].data.as_ref().is_some_and(Constant::is_left_out);
        if let Some(&id) = read.clone().find(lacks) {
            return Err(left_out(&graph.tensors[id]));
        }
        let layers = graph.nodes.iter().enumerate().map(|(index, node)| layer(&graph, index, node)).collect();
        let keep_intermediates = options.keep_intermediates;
        Ok(Self { shared: Arc::new(Shared { model: model.clone(), graph, keep_intermediates }), layers })
    }
}

fn layer(graph: &Graph, index: usize, node: &Node) -> LayerInfo {
    let op = node.operator.name();
    LayerInfo {
        index,
        name: format!("{op} #{}", node.file_operator),
        file_operators: vec![node.file_operator],
        op: op.to_owned(),
        kernel: KERNEL.to_owned(),
        isa: None,
        float32: false,
        output_shape: graph.output_shapes(node).first().map(|shape| shape.to_vec()).unwrap_or_default(),
        macs: graph.node_macs(node),
        macs_in_range: node.operator.macs_in_range(&graph.input_shapes(node), &graph.output_shapes(node)),
        packed_bytes: 0,
        output_tensors: node.outputs.clone(),
        notes: String::new(),
    }
}

impl Program for ReferenceProgram {
    fn isa(&self) -> Isa {
        Isa::Scalar
    }

    fn threads(&self) -> usize {
        1
    }

    fn layers(&self) -> &[LayerInfo] {
        &self.layers
    }

    fn memory(&self) -> MemoryInfo {
        let bytes = self.shared.graph.activation_bytes();
        MemoryInfo {
            arena_bytes: bytes,
            unshared_arena_bytes: bytes,
            activation_bytes: bytes,
            activation_bound_bytes: bytes,
            ..MemoryInfo::default()
        }
    }

    fn start(&self, _pool: Option<Arc<rayon::ThreadPool>>) -> Result<Box<dyn Execution>> {
        let graph = &self.shared.graph;
        let mut buffers: Vec<_> = graph.tensors.iter().map(|_| AlignedBytes::default()).collect();
        let written = graph.nodes.iter().flat_map(|node| &node.outputs);
        for &id in written.chain(&graph.inputs).filter(|&&id| graph.tensors[id].data.is_none()) {
            buffers[id] = AlignedBytes::new(graph.tensors[id].size_bytes())?;
        }
        Ok(Box::new(ReferenceExecution { shared: Arc::clone(&self.shared), buffers, times: None }))
    }
}

struct ReferenceExecution {
    shared: Arc<Shared>,
    /// One for each tensor that is written; empty for constants.
    buffers: Vec<AlignedBytes>,
    /// When each operator of the last run began and ended, where that is recorded; those that were left out are missing.
    times: Option<Vec<[Duration; 2]>>,
}

impl ReferenceExecution {
    /// Evaluates one node. Its outputs leave the buffers meanwhile: no node reads what it writes.
    fn evaluate(&mut self, shared: &Shared, node: &Node) -> Result<()> {
        let mut buffers: Vec<_> = node.outputs.iter().map(|&id| std::mem::take(&mut self.buffers[id])).collect();
        let tensors = &shared.graph.tensors;
        let mut outputs: Vec<_> = buffers
            .iter_mut()
            .zip(&node.outputs)
            .map(|(buffer, &id)| TensorViewMut {
                shape: &tensors[id].shape,
                dtype: tensors[id].dtype,
                bytes: buffer.bytes_mut(),
            })
            .collect();
        let inputs: Vec<_> = node.inputs.iter().map(|id| id.map(|id| self.view(shared, id))).collect();
        let result = node.operator.reference(&inputs, &mut outputs);
        for (&id, buffer) in node.outputs.iter().zip(buffers) {
            self.buffers[id] = buffer;
        }
        result.map_err(|error: Error| error.at_operator(node.file_operator, node.operator.name()))
    }

    fn view<'a>(&'a self, shared: &'a Shared, id: TensorId) -> TensorView<'a> {
        let tensor = &shared.graph.tensors[id];
        let bytes = match &tensor.data {
            Some(constant) => shared.model.constant(constant),
            None => self.buffers[id].bytes(),
        };
        TensorView { shape: &tensor.shape, dtype: tensor.dtype, bytes }
    }
}

impl Execution for ReferenceExecution {
    fn input_mut(&mut self, index: usize) -> &mut [u8] {
        let id = self.shared.graph.inputs[index];
        self.buffers[id].bytes_mut()
    }

    fn run(&mut self, Request { profile, cancel, bindings }: Request<'_, '_>) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        for (index, bytes) in bindings.iter().filter_map(Binding::as_input) {
            let input = self.input_mut(index);
            input.copy_from_slice(&bytes[..input.len()]);
        }
        if let Some(times) = &mut self.times {
            times.clear();
        }
        let start = Instant::now();
        for (node, duration) in shared.graph.nodes.iter().zip(&mut profile.layers) {
            if let Some(stop) = cancel.and_then(Cancel::stop) {
                return Err(Error::stopped(stop));
            }
            let begin = start.elapsed();
            self.evaluate(&shared, node)?;
            let end = start.elapsed();
            *duration = end.saturating_sub(begin);
            if let Some(times) = &mut self.times {
                times.push([begin, end]);
            }
        }
        profile.busy.clone_from(&profile.layers);
        for (index, bytes) in bindings.iter_mut().filter_map(Binding::as_output_mut) {
            bytes.copy_from_slice(self.output(index));
        }
        Ok(())
    }

    fn binds_in_place(&self, _: Outside) -> bool {
        false
    }

    fn reset(&mut self) {
        let Shared { graph, .. } = &*self.shared;
        let computed = self.buffers.iter_mut().zip(&graph.tensors).filter(|(_, tensor)| tensor.data.is_none());
        computed.for_each(|(buffer, _)| buffer.bytes_mut().fill(0));
    }

    fn record_tasks(&mut self, recording: bool) {
        match recording {
            true => _ = self.times.get_or_insert_with(|| Vec::with_capacity(self.shared.graph.nodes.len())),
            false => self.times = None,
        }
    }

    fn tasks(&self) -> Vec<TaskSpan> {
        let span = |(layer, &[begin, end]): (usize, &[Duration; 2])| TaskSpan {
            layer,
            part: 0,
            kernel: KERNEL.to_owned(),
            task: 0,
            thread: 0,
            begin,
            end,
        };
        self.times.iter().flatten().enumerate().map(span).collect()
    }

    fn output(&self, index: usize) -> &[u8] {
        self.buffers[self.shared.graph.outputs[index]].bytes()
    }

    fn tensor(&self, id: TensorId) -> Option<Vec<u8>> {
        let kept = self.shared.keep_intermediates && self.shared.graph.tensors.get(id)?.data.is_none();
        let buffer = self.buffers.get(id).filter(|buffer| kept && !buffer.bytes().is_empty())?;
        Some(buffer.bytes().to_vec())
    }
}
