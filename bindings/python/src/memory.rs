//! Memory of inputs and outputs that NumPy reads and writes.

use ottava::INPUT_PADDING;

/// What tensors of LiteRT are aligned to.
const ALIGNMENT: usize = 64;

#[repr(C, align(64))]
#[derive(Clone)]
struct Line([u8; ALIGNMENT]);

/// Zeroed bytes of a tensor at an address that stays, with [`INPUT_PADDING`] bytes behind them, which kernels may read.
pub(crate) struct TensorMemory {
    lines: Vec<Line>,
    size: usize,
}

impl TensorMemory {
    /// Memory for `size` bytes; `None` where there is not so much.
    pub(crate) fn new(size: usize) -> Option<Self> {
        let count = size.checked_add(INPUT_PADDING)?.div_ceil(ALIGNMENT);
        let mut lines = Vec::new();
        lines.try_reserve_exact(count).ok()?;
        lines.resize(count, Line([0; ALIGNMENT]));
        Some(Self { lines, size })
    }

    /// Bytes of the tensor.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The first of them.
    pub(crate) fn start(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast()
    }
}
