//! Tests of passes and placement on graphs of made-up operators.

use std::sync::Arc;

use super::fuse;
use super::place::{Placement, place};
use super::steps::Step;
use crate::error::{Error, Result};
use crate::graph::{Graph, Node};
use crate::ops::{InputShapes, Lower, Operator, TensorView, TensorViewMut};
use crate::tensor::{DType, Quantization, Tensor, TensorId};

/// An operator that says what a test wants it to say.
#[derive(Clone, Debug)]
struct Told {
    /// It is a concatenation along this axis.
    axis: Option<usize>,
    /// It can read channels of a wider tensor.
    strided: bool,
}

const PLAIN: Told = Told { axis: None, strided: true };
const DENSE: Told = Told { axis: None, strided: false };
const CONCATENATION: Told = Told { axis: Some(3), strided: true };

impl Operator for Told {
    fn name(&self) -> &'static str {
        "TOLD"
    }

    fn infer_shapes(&self, _inputs: &InputShapes<'_>) -> Result<Vec<Vec<usize>>> {
        Err(Error::internal("shapes are given"))
    }

    fn reference(&self, _inputs: &[Option<TensorView<'_>>], _outputs: &mut [TensorViewMut<'_>]) -> Result<()> {
        Err(Error::internal("nothing runs"))
    }
}

impl Lower for Told {
    fn concatenates(&self) -> Option<usize> {
        self.axis
    }

    fn copies(&self, _index: usize) -> bool {
        true
    }

    fn reads_strided_pixels(&self) -> bool {
        self.strided
    }
}

/// A graph of these operators over images of one row, whose tensors have so many channels. The first is the input, the
/// last the output.
fn graph(channels: &[usize], nodes: &[(Told, &[TensorId], TensorId)]) -> Graph {
    let quantization = Quantization { scale: vec![0.5], zero_point: vec![0], dimension: 0 };
    let tensor = |&channels: &usize| Tensor {
        name: String::new(),
        shape: vec![1, 1, 4, channels],
        dtype: DType::U8,
        quantization: Some(quantization.clone()),
        data: None,
        dynamic: false,
    };
    let node = |(index, (told, inputs, output)): (usize, &(Told, &[TensorId], TensorId))| Node {
        operator: Arc::new(told.clone()),
        inputs: inputs.iter().copied().map(Some).collect(),
        outputs: vec![*output],
        file_operator: index,
    };
    Graph {
        tensors: channels.iter().map(tensor).collect(),
        nodes: nodes.iter().enumerate().map(node).collect(),
        inputs: vec![0],
        outputs: vec![channels.len() - 1],
    }
}

fn placed(graph: &Graph) -> (Vec<Step>, Placement) {
    let steps = fuse::steps(graph, false);
    let placement = place(graph, &steps, |_| 0);
    (steps, placement)
}

/// Which tensors are in the buffer of another.
fn moved(graph: &Graph, placement: &Placement) -> Vec<TensorId> {
    (0..graph.tensors.len()).filter(|&id| placement.places.of(id).root != id).collect()
}

/// Kernels read whole vectors, beyond the tensor: what lies there must not be written meanwhile.
#[test]
fn no_step_reads_the_buffer_that_it_writes() {
    // 1 = f(0), 2 = f(1), and 3 is both side by side, in either order.
    for (order, inside) in [([1, 2], 1), ([2, 1], 2)] {
        let graph = graph(&[3, 3, 5, 8], &[(PLAIN, &[0], 1), (PLAIN, &[1], 2), (CONCATENATION, &order, 3)]);
        let (steps, placement) = placed(&graph);
        let root = |id: TensorId| placement.places.of(id).root;
        for step in steps.iter().filter(|step| step.operator.concatenates().is_none()) {
            let shared = step.inputs().any(|read| step.outputs().any(|written| root(read) == root(written)));
            assert!(!shared, "{:?} with the concatenation of {order:?}", step.tensors);
        }
        assert_eq!(moved(&graph, &placement), [inside], "the concatenation of {order:?}");
        assert_eq!(placement.vanished, [false; 3]);
    }
}

/// The same where many read a tensor and few write the buffer, and the other way round.
#[test]
fn readers_and_writers_are_found_from_either_side() {
    let few = |writers: &[(Told, &'static [TensorId], TensorId)], readers: usize| {
        // 1 = f(0); writers fill 2 to 4, which 5 holds beside 1; more readers of 1.
        let mut nodes = vec![(PLAIN, &[0][..], 1)];
        nodes.extend_from_slice(writers);
        nodes.push((CONCATENATION, &[2, 3, 4, 1], 5));
        nodes.extend((0..readers).map(|index| (PLAIN, &[1][..], 6 + index)));
        let graph = graph(&vec![2; 7 + readers], &nodes);
        let (_, placement) = placed(&graph);
        moved(&graph, &placement)
    };
    let apart = [(PLAIN, &[0][..], 2), (PLAIN, &[0][..], 3), (PLAIN, &[0][..], 4)];
    let together = [(PLAIN, &[0][..], 2), (PLAIN, &[1][..], 3), (PLAIN, &[0][..], 4)];
    for readers in [0, 9] {
        assert_eq!(few(&apart, readers), [1, 2, 3, 4], "{readers} readers");
        assert_eq!(few(&together, readers), [2, 3, 4], "{readers} readers");
    }
}

#[test]
fn a_tensor_moves_into_a_concatenation_only_where_nobody_minds() {
    let parts: [(Told, &[TensorId], TensorId); 2] = [(PLAIN, &[0], 1), (PLAIN, &[0], 2)];
    let with = |rest: &[(Told, &'static [TensorId], TensorId)], outputs: &[TensorId]| {
        let mut graph = graph(&[3; 5], &[&parts[..], rest].concat());
        graph.outputs.extend_from_slice(outputs);
        let (_, placement) = placed(&graph);
        moved(&graph, &placement)
    };
    assert_eq!(with(&[(CONCATENATION, &[1, 2], 4)], &[]), [1, 2]);
    assert_eq!(with(&[(CONCATENATION, &[1, 2], 4)], &[1]), [2], "an output is wanted in one piece");
    assert_eq!(with(&[(CONCATENATION, &[0, 2], 4)], &[]), [2], "an input is given in one piece");
    assert_eq!(with(&[(CONCATENATION, &[1, 1], 4)], &[]), [] as [TensorId; 0], "no tensor is in two places");
    assert_eq!(with(&[(DENSE, &[1], 3), (CONCATENATION, &[1, 2], 4)], &[]), [2], "a reader wants it dense");
    assert_eq!(with(&[(CONCATENATION, &[1, 2], 3), (CONCATENATION, &[1, 2], 4)], &[]), [1, 2], "one takes both");
}

/// Outer concatenations are placed first, so that inner ones lie in them.
#[test]
fn concatenations_nest() {
    let nodes: [(Told, &[TensorId], TensorId); 5] = [
        (PLAIN, &[0], 1),
        (PLAIN, &[0], 2),
        (CONCATENATION, &[1, 2], 3),
        (PLAIN, &[0], 4),
        (CONCATENATION, &[4, 3], 5),
    ];
    let graph = graph(&[3, 1, 2, 3, 4, 7], &nodes);
    let (_, placement) = placed(&graph);
    let place = |id| placement.places.of(id);
    assert_eq!([1, 2, 3, 4].map(|id| (place(id).root, place(id).offset)), [(5, 4), (5, 5), (5, 4), (5, 0)]);
    assert!([1, 2, 3, 4].iter().all(|&id| place(id).pixel_stride == Some(7)));
    assert_eq!(placement.vanished, [false, false, true, false, true]);
}
