//! Where tensors live: which bytes of which buffer.
//!
//! A tensor is usually a buffer of its own. A reshaped tensor is its source under another shape, parts of a tensor along
//! its outermost dimension are ranges of its bytes, and an input of a concatenation is a range of channels of the output:
//! its producer writes it there, with the output's distance between pixels, and the concatenation has nothing left to do.

use ottava_kernels::{Image, SLACK};

use super::fuse::Step;
use crate::graph::{DType, Graph, TensorId};
use crate::ops::concatenation::Concatenation;

/// The bytes of a tensor within a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The tensor whose buffer it is.
    pub(crate) root: TensorId,
    /// Offset of its first byte in the buffer.
    pub(crate) offset: usize,
    /// Bytes between its pixels, where they are not dense.
    pub(crate) pixel_stride: Option<usize>,
}

/// The places of all tensors.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    places: Vec<Place>,
    /// Steps whose work placement has done, by index.
    pub(crate) vanished: Vec<bool>,
}

impl Places {
    /// Where a tensor is.
    pub(crate) fn of(&self, id: TensorId) -> Place {
        self.places[id]
    }

    /// Where a part of a tensor would be that starts at `offset` and has its pixels `pixel_stride` apart.
    pub(crate) fn part(&self, whole: TensorId, offset: usize, pixel_stride: Option<usize>) -> Place {
        let home = self.places[whole];
        Place { root: home.root, offset: home.offset + offset, pixel_stride }
    }

    /// The tensor as pixels: leading dimensions as they are for rank 4, else all in one row.
    pub(crate) fn image(&self, graph: &Graph, id: TensorId) -> Image {
        let mut image = match graph.tensors[id].shape[..] {
            [batch, height, width, channels] => Image::dense(batch, height, width, channels),
            [] => Image::dense(1, 1, 1, 1),
            [ref outer @ .., channels] => Image::dense(1, 1, outer.iter().product(), channels),
        };
        if let Some(stride) = self.places[id].pixel_stride {
            image.pixel_stride = stride;
        }
        image
    }

    /// Bytes of the buffer whose root is `id`, with what kernels may read past its end.
    pub(crate) fn buffer_bytes(graph: &Graph, id: TensorId) -> usize {
        (graph.tensors[id].size_bytes() + SLACK).next_multiple_of(64)
    }
}

/// Decides the places of all tensors.
pub(crate) fn place(graph: &Graph, steps: &[Step], xor_mask: impl Fn(DType) -> u8) -> Places {
    let own = |id| Place { root: id, offset: 0, pixel_stride: None };
    let mut places = Places { places: (0..graph.tensors.len()).map(own).collect(), vanished: vec![false; steps.len()] };
    let mut aliased = vec![false; graph.tensors.len()];
    for (index, step) in steps.iter().enumerate() {
        if let Some((source, target)) = alias(graph, step, &xor_mask) {
            places.places[target] = places.places[source];
            places.vanished[index] = true;
            (aliased[source], aliased[target]) = (true, true);
        }
        places.vanished[index] |= cut_in_place(graph, step, &mut aliased, &mut places);
    }
    // Outer concatenations first, so that an inner one finds its own place settled.
    for index in (0..steps.len()).rev() {
        join_in_place(graph, steps, index, &aliased, &mut places);
    }
    places
}

/// Source and target of a step that only gives another name to the same bytes.
fn alias(graph: &Graph, step: &Step, xor_mask: &impl Fn(DType) -> u8) -> Option<(TensorId, TensorId)> {
    let [member] = &step.members[..] else { return None };
    let (source, target) = (member.inputs.first().copied().flatten()?, *member.outputs.first()?);
    let (from, to) = (&graph.tensors[source], &graph.tensors[target]);
    let types = [from.dtype, to.dtype];
    let same_size = from.data.is_none() && from.size_bytes() == to.size_bytes();
    (same_size && member.operator.keeps_bytes(types, types.map(xor_mask))).then_some((source, target))
}

/// Places outputs that are consecutive bytes of an input inside it; whether that was possible.
fn cut_in_place(graph: &Graph, step: &Step, aliased: &mut [bool], places: &mut Places) -> bool {
    let [member] = &step.members[..] else { return false };
    let Some(Some(source)) = member.operator.cuts().and_then(|input| member.inputs.get(input).copied()) else {
        return false;
    };
    let total: usize = member.outputs.iter().map(|&id| graph.tensors[id].size_bytes()).sum();
    let (from, home) = (&graph.tensors[source], places.places[source]);
    if from.data.is_some() || from.size_bytes() != total || home.pixel_stride.is_some() {
        return false;
    }
    let mut offset = 0;
    for &output in &member.outputs {
        places.places[output] = places.part(source, offset, None);
        offset += graph.tensors[output].size_bytes();
        aliased[output] = true;
    }
    aliased[source] = true;
    true
}

/// Places the inputs of a concatenation inside its output where that is possible.
fn join_in_place(graph: &Graph, steps: &[Step], index: usize, aliased: &[bool], places: &mut Places) {
    let [member] = &steps[index].members[..] else { return };
    let Some(concat) = member.operator.as_any().downcast_ref::<Concatenation>() else { return };
    let output = member.outputs[0];
    let shape = &graph.tensors[output].shape;
    // Places count bytes; wider elements are copied.
    if graph.tensors[output].dtype.size_bytes() != 1 {
        return;
    }
    let outer: usize = shape[..concat.axis].iter().product();
    let inner: usize = shape[concat.axis + 1..].iter().product();
    // Anything but the last axis would need a distance between rows, unless there is only one row.
    if concat.axis + 1 != shape.len() && outer != 1 {
        return;
    }
    let home = places.places[output];
    if outer == 1 && concat.axis + 1 != shape.len() && home.pixel_stride.is_some() {
        return;
    }
    let row = shape[concat.axis] * inner;
    let stride = if concat.axis + 1 == shape.len() { Some(home.pixel_stride.unwrap_or(row)) } else { None };
    let mut offset = 0;
    let mut all = true;
    for (position, input) in member.inputs.iter().enumerate() {
        let Some(input) = *input else { continue };
        let bytes = graph.tensors[input].shape[concat.axis] * inner;
        let apart = || keeps_apart(steps, input, home.root, places);
        if concat.copies(position) && movable(graph, steps, index, input, aliased, places) && apart() {
            places.places[input] = places.part(output, offset, stride);
        } else {
            all = false;
        }
        offset += bytes;
    }
    places.vanished[index] = all;
}

/// Whether no step would read from the buffer `root` and write to it once the tensor is there.
///
/// Kernels read whole vectors; what they read beyond a tensor must not be written meanwhile.
fn keeps_apart(steps: &[Step], tensor: TensorId, root: TensorId, places: &Places) -> bool {
    let inside = |id: TensorId| places.places[id].root == root;
    steps.iter().all(|step| {
        let reads = step.inputs().any(|id| id == tensor) && step.outputs().any(inside);
        let writes = step.outputs().any(|id| id == tensor) && step.inputs().any(inside);
        // The concatenation itself only copies what is elsewhere, to the byte.
        let concatenates = step.members[0].operator.as_any().is::<Concatenation>();
        concatenates || !(reads || writes)
    })
}

/// Whether a tensor may be written straight into the concatenation at `index`.
fn movable(graph: &Graph, steps: &[Step], index: usize, tensor: TensorId, aliased: &[bool], places: &Places) -> bool {
    let unplaced = places.places[tensor] == Place { root: tensor, offset: 0, pixel_stride: None };
    let outside = graph.inputs.contains(&tensor) || graph.outputs.contains(&tensor);
    let produced = steps.iter().any(|step| step.outputs().any(|id| id == tensor));
    let once = steps[index].inputs().filter(|&id| id == tensor).count() == 1;
    let readers_cope = steps.iter().enumerate().all(|(other, step)| {
        other == index
            || step
                .members
                .iter()
                .all(|member| !member.inputs.contains(&Some(tensor)) || member.operator.reads_strided_pixels())
    });
    unplaced && !aliased[tensor] && !outside && produced && once && readers_cope
}
