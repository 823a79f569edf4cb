//! How long each buffer is needed, and where in the arena it is meanwhile.

use super::arena::{self, Assignment, Buffer, Peak, Span};
use super::overwrite::{self, Overwriting};
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

/// The layers that touch each buffer. Buffers are numbered: those of tensors by the tensor whose buffer it is, then those of the
/// temporaries of all steps.
pub(super) struct Lifetimes {
    spans: Vec<Option<Span>>,
    /// Bytes of each temporary.
    temporaries: Vec<usize>,
    tensors: usize,
    layers: usize,
    overwriting: Vec<Overwriting>,
}

/// A buffer of the arena.
pub(super) struct PlacedBuffer {
    pub(super) range: ArenaRange,
    pub(super) span: Span,
    /// The tensors that are in it at one time or another.
    pub(super) tensors: Vec<TensorId>,
}

/// Where everything is in the arena.
pub(super) struct Layout {
    /// Each tensor; `None` where it is nowhere.
    pub(super) tensors: Vec<Option<TensorRange>>,
    /// The temporaries of all steps.
    temporaries: Vec<ArenaRange>,
    pub(super) buffers: Vec<PlacedBuffer>,
    pub(super) peak: Peak,
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
        let tensors = graph.tensors.len();
        Self { spans: vec![None; tensors], temporaries: Vec::new(), tensors, layers: 0, overwriting: Vec::new() }
    }

    /// Notes what the layers of the next step touch; gives the number of its first temporary.
    pub(super) fn note(&mut self, graph: &Graph, places: &Places, lowered: &Lowered) -> usize {
        let first_temporary = self.temporaries.len();
        self.temporaries.extend(&lowered.temporaries);
        self.spans.resize(self.tensors + self.temporaries.len(), None);
        let first = self.tensors + first_temporary;
        let buffer = |operand: Operand| match operand {
            Operand::Tensor(id) => places.of(id).root,
            Operand::Temporary(index) => first + index,
        };
        for layer in &lowered.layers {
            for &operand in layer.inputs.iter().chain(&layer.outputs) {
                Span::touch(&mut self.spans[buffer(operand)], self.layers);
            }
            let overwritten = overwrite::overwritten(graph, places, layer);
            self.overwriting.extend(overwritten.map(|read| Overwriting {
                layer: self.layers,
                read: buffer(read),
                written: buffer(layer.outputs[0]),
            }));
            self.layers += 1;
        }
        first_temporary
    }

    /// Gives every tensor that is anywhere and every temporary its bytes. With `keep` tensors stay to the end.
    pub(super) fn assign(mut self, graph: &Graph, places: &Places, steps: &[Step], keep: bool) -> Layout {
        let outputs = || graph.outputs.iter().filter(|&&id| graph.tensors[id].data.is_none());
        graph.inputs.iter().for_each(|&id| Span::touch(&mut self.spans[places.of(id).root], 0));
        outputs().for_each(|&id| Span::touch(&mut self.spans[places.of(id).root], self.layers));
        for span in &mut self.spans[self.tensors..] {
            // One that nothing touches needs no time.
            span.get_or_insert(Span { first: self.layers, last: self.layers });
        }
        if keep {
            let everything = Span { first: 0, last: self.layers };
            self.spans[..self.tensors].iter_mut().flatten().for_each(|span| *span = everything);
        }
        let of_tensors = (0..self.tensors).map(|root| Places::buffer_bytes(&graph.tensors, root));
        let sizes: Vec<usize> =
            of_tensors.chain(self.temporaries.iter().map(|&bytes| Places::whole_lines(bytes))).collect();
        let alive = self.spans.iter().zip(&sizes).filter(|(span, _)| span.is_some());
        let unshared_bytes = alive.map(|(_, &bytes)| bytes).sum();
        let mut outside = vec![keep; self.spans.len()];
        graph.inputs.iter().chain(outputs()).for_each(|&id| outside[places.of(id).root] = true);
        let homes = overwrite::share(&self.overwriting, &mut self.spans, &sizes, &outside);
        self.lay_out(graph, places, steps, Homes { homes, sizes, unshared_bytes })
    }

    /// Places the buffers that are others' homes, and says what is where.
    fn lay_out(self, graph: &Graph, places: &Places, steps: &[Step], homes: Homes) -> Layout {
        let Homes { homes, sizes, unshared_bytes } = homes;
        let own = |&index: &usize| homes[index] == index && self.spans[index].is_some();
        let kept: Vec<usize> = (0..self.spans.len()).filter(own).collect();
        let spans: Vec<Span> = kept.iter().filter_map(|&index| self.spans[index]).collect();
        let buffer = |(&index, &span): (&usize, &Span)| Buffer { bytes: sizes[index], span };
        let buffers: Vec<Buffer> = kept.iter().zip(&spans).map(buffer).collect();
        let Assignment { offsets, bytes: arena_bytes } = arena::assign(&buffers);
        let mut numbers = vec![None; self.spans.len()];
        kept.iter().enumerate().for_each(|(number, &index)| numbers[index] = Some(number));
        let number = |index: usize| numbers[homes[index]];
        let range = |number: usize| ArenaRange { offset: offsets[number], len: buffers[number].bytes };
        let placed = spans.iter().enumerate().map(|(number, &span)| PlacedBuffer {
            range: range(number),
            span,
            tensors: Vec::new(),
        });
        let mut placed: Vec<PlacedBuffer> = placed.collect();
        let mut tensors = vec![None; graph.tensors.len()];
        for id in graph.inputs.iter().copied().chain(steps.iter().flat_map(Step::outputs)) {
            let Some(number) = number(places.of(id).root).filter(|_| tensors[id].is_none()) else { continue };
            tensors[id] = Some(tensor_range(graph, places, id, range(number)));
            placed[number].tensors.push(id);
        }
        let of_temporary = |index| range(number(self.tensors + index).expect("every temporary has a home"));
        let temporaries = (0..self.temporaries.len()).map(of_temporary).collect();
        Layout { tensors, temporaries, buffers: placed, peak: Peak::of(&buffers), arena_bytes, unshared_bytes }
    }
}

/// Which buffer each is in, itself or one that it overwrites.
struct Homes {
    homes: Vec<usize>,
    /// Bytes of each.
    sizes: Vec<usize>,
    unshared_bytes: usize,
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
