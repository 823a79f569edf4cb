//! What a quantization in a run is to do.

/// How quantized activations are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantized {
    /// As bytes, with the zero point in them.
    Bytes,
    /// Less the zero point, as float32: whole numbers of at most 255 in magnitude.
    WholeNumbers,
}

/// Activations that become bytes.
#[derive(Clone, Copy, Debug)]
pub struct DynamicRangeSpec {
    /// How many rows.
    pub rows: usize,
    /// Elements of a row, dense.
    pub elements: usize,
    /// Whether the zero point is 0, and values from -127; else it lets the whole range of int8 be used.
    pub symmetric: bool,
    /// Whether rows of a matrix of nothing but zeros are to be known by their scale: the results of
    /// [`RealOrder::Rows`](crate::RealOrder::Rows) are the biases then.
    pub marks_zeros: bool,
    /// How they are stored.
    pub quantized: Quantized,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}
