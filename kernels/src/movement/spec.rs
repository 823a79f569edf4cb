//! What a movement is to do.

use alloc::vec::Vec;

/// Axes that a movement can have at most.
pub const MAX_AXES: usize = 24;

/// One axis of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Bytes from one index to the next in the output.
    pub output_stride: usize,
    /// Bytes that each index adds to the offset in the input; `None` where it is filled.
    pub offsets: Vec<Option<usize>>,
}

/// What a movement is to do.
#[derive(Clone, Copy, Debug)]
pub struct MovementSpec<'a> {
    /// The axes of the output, outermost first.
    pub axes: &'a [Axis],
    /// Bytes of an element: 1, 2, 4 or 8.
    pub element_bytes: usize,
    /// The stored element, little-endian, where nothing is copied.
    pub fill: [u8; 8],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
