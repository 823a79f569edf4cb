//! What plans tell of the memory that activations share.

use crate::tensor::TensorId;

/// The arena of each session of a plan: one piece of memory in which activations have the same bytes at different times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArenaInfo {
    /// Its size.
    pub bytes: usize,
    /// The largest sum of buffers that are alive at the same time, with what aligns them and what kernels may read past their ends: no
    /// arena of these buffers can be smaller.
    pub lower_bound_bytes: usize,
    /// The first layer of the plan at which so many bytes are alive.
    pub peak_layer: usize,
    /// The buffers, by no particular order.
    pub buffers: Vec<ArenaBuffer>,
}

/// Bytes of an arena that hold one or several tensors from a layer to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArenaBuffer {
    /// Its first byte, counted from the arena's.
    pub offset: usize,
    /// Its size, with what aligns it and what kernels may read past its end.
    pub bytes: usize,
    /// The first layer of the plan that uses it.
    pub first_layer: usize,
    /// The last layer that uses it; the number of layers where it is needed when all have run.
    pub last_layer: usize,
    /// The graph's tensors that are in it: several where they are parts or other names of one, or where a layer writes its result over
    /// what it reads. None where a layer's temporaries are.
    pub tensors: Vec<TensorId>,
}
