//! Which buffers of inputs and outputs can be the caller's memory for a run, and which views of layers lead there.

use ottava_kernels::Isa;

use crate::binding::Binding;
use crate::graph::Graph;
use crate::lowering::{Lowered, Operand, Places, xor_mask};
use crate::tensor::TensorId;

/// Where a layer has a view of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) layer: usize,
    /// Which of the layer's inputs or outputs.
    pub(super) operand: usize,
    /// The first byte of the view in the buffer.
    pub(super) offset: usize,
}

/// A buffer that can be the caller's memory.
#[derive(Clone)]
pub(super) struct Buffer {
    pub(super) views: Box<[View]>,
    /// Bytes of an element, which its address is a multiple of.
    element_bytes: usize,
}

/// The buffer of each graph input and output, by index; `None` where it cannot be the caller's memory.
pub(super) struct Lendable {
    pub(super) inputs: Vec<Option<Buffer>>,
    pub(super) outputs: Vec<Option<Buffer>>,
}

/// Views of one buffer.
#[derive(Default)]
struct Views {
    read: Vec<View>,
    written: Vec<View>,
}

impl Lendable {
    /// No buffer of the graph.
    pub(super) fn none(graph: &Graph) -> Self {
        let none = |ids: &[TensorId]| ids.iter().map(|_| None).collect();
        Self { inputs: none(&graph.inputs), outputs: none(&graph.outputs) }
    }

    /// What can be lent to the steps of a graph on an instruction set.
    ///
    /// A buffer can be the caller's where the graph's input or output is all of it, in the file's bytes, and nobody writes an input
    /// or reads an output: the caller's input is not ours to change, and behind an output is nothing that vectors may read.
    pub(super) fn new(graph: &Graph, places: &Places, isa: Isa, steps: &[(usize, Lowered)]) -> Self {
        let [inputs, outputs] = [&graph.inputs, &graph.outputs].map(|list| {
            let mut listed = vec![0_usize; graph.tensors.len()];
            list.iter().for_each(|&id| listed[places.of(id).root] += 1);
            listed
        });
        let outside = |root: TensorId| inputs[root] + outputs[root] > 0;
        let mut views: Vec<Views> = graph.tensors.iter().map(|_| Views::default()).collect();
        for (layer, lowered) in steps.iter().flat_map(|(_, lowered)| &lowered.layers).enumerate() {
            let view = |(operand, &tensor): (usize, &Operand)| match tensor {
                Operand::Tensor(id) if outside(places.of(id).root) => {
                    Some((places.of(id).root, View { layer, operand, offset: places.of(id).offset }))
                }
                _ => None,
            };
            layer_views(&lowered.inputs, view).for_each(|(root, view)| views[root].read.push(view));
            layer_views(&lowered.outputs, view).for_each(|(root, view)| views[root].written.push(view));
        }
        let whole = |id: TensorId| {
            let (tensor, place) = (&graph.tensors[id], places.of(id));
            let own = place.root == id && place.offset == 0 && place.pixel_stride.is_none();
            own && tensor.data.is_none() && tensor.size_bytes() > 0 && xor_mask(isa, tensor.dtype) == 0
        };
        let of =
            |id: TensorId, listed: [usize; 2]| (whole(id) && [inputs[id], outputs[id]] == listed).then(|| &views[id]);
        let input = |&id: &TensorId| of(id, [1, 0]).filter(|views| views.written.is_empty()).map(|views| &views.read);
        let output = |&id: &TensorId| {
            of(id, [0, 1])
                .filter(|views| views.read.is_empty() && !views.written.is_empty())
                .map(|views| &views.written)
        };
        let buffer = |id: &TensorId, views: Option<&Vec<View>>| {
            let element_bytes = graph.tensors[*id].dtype.size_bytes();
            views.map(|views| Buffer { views: views.as_slice().into(), element_bytes })
        };
        Self {
            inputs: graph.inputs.iter().map(|id| buffer(id, input(id))).collect(),
            outputs: graph.outputs.iter().map(|id| buffer(id, output(id))).collect(),
        }
    }

    /// The views that are to lead to what is bound, where it is used as it is.
    pub(super) fn of(&self, binding: &Binding<'_>) -> Option<&[View]> {
        let buffer = match (binding.as_input(), binding.as_output()) {
            (Some((index, _)), _) => self.inputs[index].as_ref(),
            (_, Some((index, _))) => self.outputs[index].as_ref(),
            (None, None) => None,
        };
        buffer.filter(|buffer| binding.suits_kernels(buffer.element_bytes)).map(|buffer| &*buffer.views)
    }
}

fn layer_views<'a>(
    operands: &'a [Operand],
    view: impl Fn((usize, &'a Operand)) -> Option<(TensorId, View)>,
) -> impl Iterator<Item = (TensorId, View)> {
    operands.iter().enumerate().filter_map(view)
}
