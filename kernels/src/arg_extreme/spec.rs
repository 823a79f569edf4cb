//! What a search is to do.

/// What a search is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgExtremeSpec {
    /// Rows.
    pub rows: usize,
    /// Bytes of a row, at least 1.
    pub depth: usize,
    /// Bytes from one row to the next; at least the depth.
    pub input_stride: usize,
    /// Whether the smallest element is looked for, else the largest.
    pub smallest: bool,
    /// Bytes of an index: 4 or 8.
    pub index_bytes: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
