//! How long each buffer is needed, and where in the arena it is meanwhile.

use super::arena::{self, Buffer};
use super::steps::Step;
use crate::graph::Graph;
use crate::lowering::{Lowered, Operand, Places};
use crate::tensor::TensorId;

/// Where in the arena something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ArenaRange {
    pub(super) offset: usize,
    /// Bytes up to the end of its buffer.
    pub(super) len: usize,
}

/// A tensor's bytes in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct TensorRange {
    pub(super) range: ArenaRange,
    /// Bytes that follow each other.
    pub(super) run_bytes: usize,
    /// Bytes from one such run to the next.
    pub(super) stride_bytes: usize,
}

/// First and last layer that touch a buffer.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    last: usize,
}

impl Span {
    fn touch(span: &mut Option<Self>, layer: usize) {
        let Self { first, last } = span.unwrap_or(Self { first: layer, last: layer });
        *span = Some(Self { first: first.min(layer), last: last.max(layer) });
    }
}

/// The layers that touch each buffer.
pub(super) struct Lifetimes {
    /// By the tensor whose buffer it is.
    tensors: Vec<Option<Span>>,
    /// Bytes of each temporary of all steps, and when it is touched.
    temporaries: Vec<(usize, Option<Span>)>,
    layers: usize,
}

/// Where everything is in the arena.
pub(super) struct Layout {
    /// Each tensor; `None` where it is nowhere.
    pub(super) tensors: Vec<Option<TensorRange>>,
    /// The temporaries of all steps.
    temporaries: Vec<ArenaRange>,
    pub(super) arena_bytes: usize,
    /// What the arena would take if no buffers shared memory.
    pub(super) unshared_bytes: usize,
}

impl Layout {
    /// Where an operand of a layer is, of a step whose first temporary is number `first_temporary` of all.
    ///
    /// # Panics
    /// No layer was noted with it.
    pub(super) fn of(&self, operand: Operand, first_temporary: usize) -> ArenaRange {
        match operand {
            Operand::Tensor(id) => self.tensors[id].expect("every tensor of a layer is somewhere").range,
            Operand::Temporary(index) => self.temporaries[first_temporary + index],
        }
    }
}

impl Lifetimes {
    pub(super) fn new(graph: &Graph) -> Self {
        Self { tensors: vec![None; graph.tensors.len()], temporaries: Vec::new(), layers: 0 }
    }

    /// Notes what the layers of the next step touch; gives the number of its first temporary.
    pub(super) fn note(&mut self, places: &Places, lowered: &Lowered) -> usize {
        let first_temporary = self.temporaries.len();
        self.temporaries.extend(lowered.temporaries.iter().map(|&bytes| (bytes, None)));
        for layer in &lowered.layers {
            for &operand in layer.inputs.iter().chain(&layer.outputs) {
                let span = match operand {
                    Operand::Tensor(id) => &mut self.tensors[places.of(id).root],
                    Operand::Temporary(index) => &mut self.temporaries[first_temporary + index].1,
                };
                Span::touch(span, self.layers);
            }
            self.layers += 1;
        }
        first_temporary
    }

    /// Gives every tensor that is anywhere and every temporary its bytes. With `keep` tensors stay to the end.
    pub(super) fn assign(mut self, graph: &Graph, places: &Places, steps: &[Step], keep: bool) -> Layout {
        for &id in &graph.inputs {
            Span::touch(&mut self.tensors[places.of(id).root], 0);
        }
        for &id in graph.outputs.iter().filter(|&&id| graph.tensors[id].data.is_none()) {
            Span::touch(&mut self.tensors[places.of(id).root], self.layers);
        }
        let everything = Span { first: 0, last: self.layers };
        let buffer = |bytes, Span { first, last }| Buffer { bytes, first, last };
        let spans = self.tensors.iter().enumerate().filter_map(|(root, span)| Some((root, (*span)?)));
        let roots: Vec<(TensorId, Span)> =
            spans.map(|(root, span)| (root, if keep { everything } else { span })).collect();
        let of_tensors = roots.iter().map(|&(root, span)| buffer(Places::buffer_bytes(&graph.tensors, root), span));
        // One that nothing touches needs no time.
        let of_temporaries = self.temporaries.iter().map(|&(bytes, span)| {
            buffer(Places::whole_lines(bytes), span.unwrap_or(Span { first: self.layers, last: self.layers }))
        });
        let buffers: Vec<Buffer> = of_tensors.chain(of_temporaries).collect();
        let (offsets, arena_bytes) = arena::assign(&buffers);
        let mut ranges = offsets.iter().zip(&buffers).map(|(&offset, buffer)| ArenaRange { offset, len: buffer.bytes });
        let mut homes = vec![None; graph.tensors.len()];
        roots.iter().zip(&mut ranges).for_each(|(&(root, _), range)| homes[root] = Some(range));
        let temporaries = ranges.collect();
        let mut tensors = vec![None; graph.tensors.len()];
        for id in steps.iter().flat_map(Step::outputs).chain(graph.inputs.iter().copied()) {
            tensors[id] = homes[places.of(id).root].map(|home| tensor_range(graph, places, id, home));
        }
        let unshared_bytes = buffers.iter().map(|buffer| buffer.bytes).sum();
        Layout { tensors, temporaries, arena_bytes, unshared_bytes }
    }
}

/// A tensor's bytes in the buffer `home`.
fn tensor_range(graph: &Graph, places: &Places, id: TensorId, home: ArenaRange) -> TensorRange {
    let (place, image) = (places.of(id), places.image(&graph.tensors, id));
    let size = graph.tensors[id].dtype.size_bytes();
    TensorRange {
        range: ArenaRange { offset: home.offset + place.offset, len: home.len - place.offset },
        run_bytes: image.channels * size,
        stride_bytes: image.pixel_stride * size,
    }
}
