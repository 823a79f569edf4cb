//! Mean over pixels: the sum of each channel, requantized with the count divided in.

mod layer;
mod spec;
mod table;
mod tile;

pub use layer::{Mean, prepare};
pub use spec::MeanSpec;
pub(crate) use table::kernels;

#[cfg(test)]
mod tests;
