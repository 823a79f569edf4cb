//! Several independent layers as one: what joins and splits need whose tensors lie in different places.

use ottava_kernels::{Input, Layer, Output};

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
    tasks: usize,
    kernel: String,
}

impl Sequence {
    /// The pieces as one layer; at least one.
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        let tasks = pieces.iter().map(|piece| piece.layer.tasks()).sum();
        let mut kernels: Vec<&str> = pieces.iter().map(|piece| piece.layer.kernel()).collect();
        kernels.sort_unstable();
        kernels.dedup();
        let kernel = kernels.join("+");
        Self { pieces, tasks, kernel }
    }
}

#[expect(unsafe_code, reason = "the kernels' contract is unsafe to implement")]
impl Layer for Sequence {
    fn kernel(&self) -> &str {
        &self.kernel
    }

    fn tasks(&self) -> usize {
        self.tasks
    }

    fn packed_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.layer.packed_bytes()).sum()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        let mut task = task;
        for piece in &self.pieces {
            if task >= piece.layer.tasks() {
                task -= piece.layer.tasks();
                continue;
            }
            let view = outputs[piece.output];
            let len = view.len().checked_sub(piece.output_offset).expect("the output starts inside the view");
            // SAFETY: the view is the end of the caller's view, whose promise holds for a part too.
            let output = unsafe { Output::from_raw(view.as_ptr().wrapping_add(piece.output_offset), len) };
            // SAFETY: the caller's promise; pieces write disjoint bytes.
            unsafe { piece.layer.run(task, &[inputs[piece.input]], &[output]) }
            return;
        }
        panic!("task {task} of {}", self.tasks);
    }
}
