//! Average and maximum pooling over whole registers of channels.
//!
//! Both reduce a window byte by byte: the maximum in bytes, the average in 16-bit sums that are
//! divided by the true number of taps, exactly. Padding counts in neither. Where neighbouring windows
//! overlap, the reduced columns of a window are kept and shared.

mod divide;
mod edges;
mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Pool, prepare};
pub use spec::{PoolKind, PoolSpec};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
