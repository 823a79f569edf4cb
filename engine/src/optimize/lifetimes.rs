//! How long each buffer is needed, and where in the arena it is meanwhile.

use super::arena::{self, Buffer};
use super::steps::Step;
use crate::graph::Graph;
use crate::lowering::{Lowered, Places};
use crate::tensor::TensorId;

/// A tensor's bytes in the arena.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) offset: usize,
    /// Bytes up to the end of its buffer.
    pub(super) len: usize,
    /// Bytes of a run and from one run to the next.
    pub(super) run: [usize; 2],
}

/// First and last step that touch each buffer.
pub(super) struct Lifetimes {
    spans: Vec<Option<[usize; 2]>>,
    steps: usize,
}

impl Lifetimes {
    pub(super) fn new(graph: &Graph) -> Self {
        Self { spans: vec![None; graph.tensors.len()], steps: 0 }
    }

    fn touch(&mut self, root: TensorId, step: usize) {
        let [first, last] = self.spans[root].unwrap_or([step, step]);
        self.spans[root] = Some([first.min(step), last.max(step)]);
    }

    pub(super) fn note(&mut self, places: &Places, step: usize, lowered: &Lowered) {
        self.steps = step + 1;
        for &id in lowered.inputs.iter().chain(&lowered.outputs) {
            self.touch(places.of(id).root, step);
        }
    }

    /// Gives every tensor that is anywhere its spot; also the arena's size, shared and not.
    pub(super) fn assign(
        mut self,
        graph: &Graph,
        places: &Places,
        steps: &[Step],
        keep: bool,
    ) -> (Vec<Option<Spot>>, usize, usize) {
        for &id in &graph.inputs {
            self.touch(places.of(id).root, 0);
        }
        for &id in graph.outputs.iter().filter(|&&id| graph.tensors[id].data.is_none()) {
            self.touch(places.of(id).root, self.steps);
        }
        let everything = [0, self.steps];
        let roots: Vec<(TensorId, [usize; 2])> = self
            .spans
            .iter()
            .enumerate()
            .filter_map(|(root, span)| Some((root, (*span)?)))
            .map(|(root, span)| (root, if keep { everything } else { span }))
            .collect();
        let buffer = |&(root, [first, last]): &(TensorId, [usize; 2])| Buffer {
            bytes: Places::buffer_bytes(&graph.tensors, root),
            first,
            last,
        };
        let buffers: Vec<Buffer> = roots.iter().map(buffer).collect();
        let (offsets, arena_bytes) = arena::assign(&buffers);
        let mut home = vec![None; graph.tensors.len()];
        for ((root, _), (offset, buffer)) in roots.iter().zip(offsets.iter().zip(&buffers)) {
            home[*root] = Some((*offset, buffer.bytes));
        }
        let mut spots = vec![None; graph.tensors.len()];
        for id in steps.iter().flat_map(Step::outputs).chain(graph.inputs.iter().copied()) {
            let place = places.of(id);
            let Some((offset, bytes)) = home[place.root] else { continue };
            let size = graph.tensors[id].dtype.size_bytes();
            let image = places.image(&graph.tensors, id);
            spots[id] = Some(Spot {
                offset: offset + place.offset,
                len: bytes - place.offset,
                run: [image.channels * size, image.pixel_stride * size],
            });
        }
        (spots, arena_bytes, buffers.iter().map(|buffer| buffer.bytes).sum())
    }
}
