//! Several independent layers as one: what joins and splits need whose tensors lie in different places.

use ottava_kernels::{Failure, Input, Layer, Output};

/// One of the layers, with one input and one output.
pub(crate) struct Piece {
    pub(crate) layer: Box<dyn Layer>,
    /// Which input of the whole it reads.
    pub(crate) input: usize,
    /// Which output of the whole it writes.
    pub(crate) output: usize,
    /// Where in that output its own starts.
    pub(crate) output_offset: usize,
}

/// Layers that neither read nor write each other's bytes.
pub(crate) struct Sequence {
    pieces: Vec<Piece>,
    /// Tasks of all pieces up to each, itself included.
    ends: Vec<usize>,
    kernel: String,
}

impl Sequence {
    /// The pieces as one layer; at least one.
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        let mut end = 0;
        let until = |piece: &Piece| {
            end += piece.layer.tasks();
            end
        };
        let ends = pieces.iter().map(until).collect();
        let mut kernels: Vec<&str> = pieces.iter().map(|piece| piece.layer.kernel()).collect();
        kernels.sort_unstable();
        kernels.dedup();
        let kernel = kernels.join("+");
        Self { pieces, ends, kernel }
    }
}

#[expect(unsafe_code, reason = "the kernels' contract is unsafe to implement")]
impl Layer for Sequence {
    fn kernel(&self) -> &str {
        &self.kernel
    }

    fn tasks(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn packed_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.layer.packed_bytes()).sum()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        let index = self.ends.partition_point(|&end| end <= task);
        let piece = self.pieces.get(index).unwrap_or_else(|| panic!("task {task} of {}", self.tasks()));
        let before = index.checked_sub(1).map_or(0, |last| self.ends[last]);
        let view = outputs[piece.output];
        let len = view.len().checked_sub(piece.output_offset).expect("the output starts inside the view");
        // SAFETY: the view is the end of the caller's view, whose promise holds for a part too.
        let output = unsafe { Output::from_raw(view.as_ptr().wrapping_add(piece.output_offset), len) };
        // SAFETY: the caller's promise; pieces write disjoint bytes.
        unsafe { piece.layer.try_run(task - before, &[inputs[piece.input]], &[output]) }
    }
}
