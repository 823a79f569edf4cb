//! Several independent layers as one: what joins and splits need whose tensors lie in different places.

use ottava_kernels::{Failure, KernelId, Layer, Output, Task};

/// What the registry would call a family, if these kernels were its.
const FAMILY: &str = "several";

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
pub(crate) struct Parallel {
    pieces: Vec<Piece>,
    /// Tasks of all pieces up to each, itself included.
    ends: Vec<usize>,
    kernel: KernelId,
}

impl Parallel {
    /// The pieces as one layer; at least one.
    pub(crate) fn new(pieces: Vec<Piece>) -> Self {
        let mut end = 0;
        let until = |piece: &Piece| {
            end += piece.layer.tasks();
            end
        };
        let ends = pieces.iter().map(until).collect();
        let mut kernels: Vec<KernelId> = pieces.iter().map(|piece| piece.layer.kernel()).collect();
        kernels.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        kernels.dedup();
        let names: Vec<&str> = kernels.iter().map(|kernel| &*kernel.name).collect();
        let name = names.join("+");
        let isa = kernels.iter().find_map(|kernel| kernel.isa);
        let kernel = isa
            .map_or_else(|| KernelId::portable(FAMILY, name.clone()), |isa| KernelId::new(FAMILY, isa, name.clone()));
        Self { pieces, ends, kernel }
    }
}

#[expect(unsafe_code, reason = "the kernels' contract is unsafe to implement")]
impl Layer for Parallel {
    fn kernel(&self) -> KernelId {
        self.kernel.clone()
    }

    fn tasks(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn packed_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.layer.packed_bytes()).sum()
    }

    fn workspace_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.layer.workspace_bytes()).max().unwrap_or(0)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, workspace } = task;
        let index = self.ends.partition_point(|&end| end <= task);
        let piece = self.pieces.get(index).unwrap_or_else(|| panic!("task {task} of {}", self.tasks()));
        let before = index.checked_sub(1).map_or(0, |last| self.ends[last]);
        let view = outputs[piece.output];
        let len = view.len().checked_sub(piece.output_offset).expect("the output starts inside the view");
        // SAFETY: the view is the end of the caller's view, whose promise holds for a part too.
        let output = unsafe { Output::from_raw(view.as_ptr().wrapping_add(piece.output_offset), len) };
        let part = Task { index: task - before, inputs: &[inputs[piece.input]], outputs: &[output], workspace };
        // SAFETY: the caller's promise; pieces write disjoint bytes.
        unsafe { piece.layer.run(part) }
    }
}
