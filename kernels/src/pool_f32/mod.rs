//! Pools of float32: the sum, the average, the greatest or the least of the elements of a window that lie inside the image
//! (`docs/numerics.md` §14). A window that is the whole image reduces it.
//!
//! Channels are the vector dimension, so that each sum keeps its order: rows of the window first.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{PoolF32, prepare};
pub use spec::{PoolF32Kind, PoolF32Spec};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
