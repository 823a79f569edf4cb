//! What a caller says of a pooling.

use crate::window::{Image, Window};

/// What becomes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The greatest value; a window that lies in the padding gives the least of all.
    Maximum,
    /// The average of the taps inside, rounded half away from zero in the file's domain.
    Average {
        /// Whether the file's tensor is `int8`, so that negative ties round down.
        file_is_signed: bool,
    },
}

/// What a pooling is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSpec {
    /// Average or maximum.
    pub kind: PoolKind,
    /// The input.
    pub input: Image,
    /// The window over the input, of dilation 1.
    pub window: Window,
    /// Output height and width.
    pub output: [usize; 2],
    /// Least output, stored.
    pub output_min: i32,
    /// Greatest output, stored.
    pub output_max: i32,
    /// Bytes from one output pixel to the next; at least the channels.
    pub pixel_stride: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
