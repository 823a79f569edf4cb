//! Arithmetic of two float32 tensors, either of which may repeat (`docs/numerics.md` §7.4, §14).

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{PairF32, prepare};
pub use spec::{PairF32Function, PairF32Spec};
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
