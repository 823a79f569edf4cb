//! Deciding where tensors live: which bytes of which buffer.
//!
//! A tensor is usually a buffer of its own. A reshaped tensor is its source under another shape, parts of a tensor along
//! its outermost dimension are ranges of its bytes, and an input of a concatenation is a range of channels of the output:
//! its producer writes it there, with the output's distance between pixels, and the concatenation has nothing left to do.

use std::collections::{HashMap, HashSet};

use super::steps::{Step, Usage};
use crate::graph::Graph;
use crate::lowering::{Place, Places};
use crate::tensor::{DType, TensorId};

/// What placement has decided.
pub(crate) struct Placement {
    pub(crate) places: Places,
    /// Steps that have nothing left to do, by index.
    pub(crate) vanished: Vec<bool>,
}

/// Decides the places of all tensors.
pub(crate) fn place(graph: &Graph, steps: &[Step], xor_mask: impl Fn(DType) -> u8) -> Placement {
    let mut placer = Placer::new(graph, steps);
    let mut vanished: Vec<bool> =
        steps.iter().map(|step| placer.alias(step, &xor_mask) || placer.split_in_place(step)).collect();
    // Outer concatenations first, so that an inner one finds its own place settled.
    let mut buffers = Buffers::new(&placer);
    for index in (0..steps.len()).rev() {
        vanished[index] |= placer.concatenate_in_place(index, &mut buffers);
    }
    Placement { places: placer.places, vanished }
}

/// The places so far.
struct Placer<'a> {
    graph: &'a Graph,
    steps: &'a [Step],
    usage: Usage,
    places: Places,
    /// Tensors that share their bytes with another under another name.
    aliased: Vec<bool>,
    /// Tensors all of whose readers can read channels of a wider tensor.
    readers_cope: Vec<bool>,
}

impl<'a> Placer<'a> {
    /// Every tensor in a buffer of its own.
    fn new(graph: &'a Graph, steps: &'a [Step]) -> Self {
        let count = graph.tensors.len();
        let mut readers_cope = vec![true; count];
        for step in steps.iter().filter(|step| !step.operator.reads_strided_pixels()) {
            step.inputs().for_each(|id| readers_cope[id] = false);
        }
        let (usage, places) = (Usage::new(graph, steps), Places::own(count));
        Self { graph, steps, usage, places, aliased: vec![false; count], readers_cope }
    }

    fn size_bytes(&self, id: TensorId) -> usize {
        self.graph.tensors[id].size_bytes()
    }

    fn is_constant(&self, id: TensorId) -> bool {
        self.graph.tensors[id].data.is_some()
    }

    /// Lets the output of a step be its input if all that the step does is to give the same bytes another name. Whether
    /// it is so.
    fn alias(&mut self, step: &Step, xor_mask: &impl Fn(DType) -> u8) -> bool {
        let (Some(&Some(source)), Some(&target)) = (step.tensors.inputs.first(), step.tensors.outputs.first()) else {
            return false;
        };
        let types = [source, target].map(|id| self.graph.tensors[id].dtype);
        let same_size = !self.is_constant(source) && self.size_bytes(source) == self.size_bytes(target);
        if !same_size || !step.operator.keeps_bytes(types, types.map(xor_mask)) {
            return false;
        }
        self.places.set(target, self.places.of(source));
        (self.aliased[source], self.aliased[target]) = (true, true);
        true
    }

    /// Places outputs that are consecutive bytes of an input inside it; whether that was possible.
    fn split_in_place(&mut self, step: &Step) -> bool {
        let outputs = &step.tensors.outputs;
        let Some(&Some(source)) = step.operator.splits().and_then(|input| step.tensors.inputs.get(input)) else {
            return false;
        };
        let total: usize = outputs.iter().map(|&id| self.size_bytes(id)).sum();
        let dense = self.places.of(source).pixel_stride.is_none();
        if self.is_constant(source) || self.size_bytes(source) != total || !dense {
            return false;
        }
        let mut offset = 0;
        for &output in outputs {
            self.places.set(output, self.places.part(source, offset, None));
            offset += self.size_bytes(output);
            self.aliased[output] = true;
        }
        self.aliased[source] = true;
        true
    }

    /// Places the inputs of a concatenation inside its output where that is possible; whether nothing is left to do.
    fn concatenate_in_place(&mut self, index: usize, buffers: &mut Buffers) -> bool {
        let Step { operator, tensors, .. } = &self.steps[index];
        let Some(axis) = operator.concatenates() else { return false };
        let output = tensors.outputs[0];
        let shape = &self.graph.tensors[output].shape;
        // Places count bytes; wider elements are copied.
        if self.graph.tensors[output].dtype.size_bytes() != 1 {
            return false;
        }
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let last = axis + 1 == shape.len();
        let home = self.places.of(output);
        // Anything but the last axis would need a distance between rows, unless there is only one row.
        if !last && (outer != 1 || home.pixel_stride.is_some()) {
            return false;
        }
        let row = shape[axis] * inner;
        let stride = if last { Some(home.pixel_stride.unwrap_or(row)) } else { None };
        let mut offset = 0;
        let mut all = true;
        for (position, input) in tensors.inputs.iter().enumerate() {
            let Some(input) = *input else { continue };
            let movable = operator.copies(position) && self.is_movable(index, input);
            if movable && buffers.keeps_apart(&self.usage, input, home.root) {
                self.places.set(input, self.places.part(output, offset, stride));
                buffers.moved(&self.usage, input, home.root);
            } else {
                all = false;
            }
            offset += self.graph.tensors[input].shape[axis] * inner;
        }
        all
    }

    /// Whether a tensor may be written straight into the concatenation at `index`.
    fn is_movable(&self, index: usize, tensor: TensorId) -> bool {
        let readers = self.usage.readers(tensor);
        let once = readers.partition_point(|&step| step <= index) - readers.partition_point(|&step| step < index) == 1;
        let produced = self.usage.writer(tensor).is_some();
        let own = self.places.of(tensor) == Place::own(tensor) && !self.aliased[tensor];
        own && produced && once && !self.usage.is_outside(tensor) && self.readers_cope[tensor]
    }
}

/// Which steps use which buffers, concatenations left out: they only copy what is elsewhere, to the byte.
///
/// Other kernels read whole vectors; what they read beyond a tensor must not be written meanwhile. So no step may read
/// from the buffer that it writes to.
struct Buffers {
    concatenates: Vec<bool>,
    /// The buffers that steps read from.
    reads: HashSet<(TensorId, usize)>,
    /// The steps that write to a buffer.
    writers: HashMap<TensorId, HashSet<usize>>,
}

impl Buffers {
    /// As long as no concatenation has been placed.
    fn new(placer: &Placer<'_>) -> Self {
        let concatenates: Vec<bool> = placer.steps.iter().map(|step| step.operator.concatenates().is_some()).collect();
        let any = concatenates.contains(&true);
        let mut buffers = Self { concatenates, reads: HashSet::new(), writers: HashMap::new() };
        let tensors = (0..placer.graph.tensors.len()).filter(|&id| any && !placer.is_constant(id));
        tensors.for_each(|id| buffers.moved(&placer.usage, id, placer.places.of(id).root));
        buffers
    }

    /// Whether no step would read from the buffer `root` and write to it once the tensor, which has one of its own, is
    /// there.
    fn keeps_apart(&self, usage: &Usage, tensor: TensorId, root: TensorId) -> bool {
        let readers = usage.readers(tensor);
        let reader_writes = self.writers.get(&root).is_some_and(|writers| {
            // Whatever is less: both may be many, for each of many tensors.
            if readers.len() < writers.len() {
                readers.iter().any(|step| writers.contains(step))
            } else {
                writers.iter().any(|&step| self.reads.contains(&(tensor, step)))
            }
        });
        let writer_reads = usage.writer(tensor).is_some_and(|step| self.reads.contains(&(root, step)));
        !(reader_writes || writer_reads)
    }

    /// Notes that a tensor is in the buffer `root`.
    fn moved(&mut self, usage: &Usage, tensor: TensorId, root: TensorId) {
        let concatenates = &self.concatenates;
        self.reads.extend(usage.readers(tensor).iter().filter(|&&step| !concatenates[step]).map(|&step| (root, step)));
        if let Some(step) = usage.writer(tensor).filter(|&step| !concatenates[step]) {
            self.writers.entry(root).or_default().insert(step);
        }
    }
}
