//! How an inference runs: one parallel region that the caller and its helpers walk together.
//!
//! * `region`: the walk over layers and tasks, its guarantees, panics and profile.
//! * `cursor`: the one atomic word that says which layer is current and which task is next.
//! * `helpers`: which helpers are in the region or on their way, by number.
//! * `times`: when each layer ended, and how long its tasks kept threads busy.
//! * `wait`: spinning, then sleeping, until the layer changes.
//!
//! The reasons are in `docs/adr/001-one-parallel-region.md`.

mod cursor;
mod helpers;
mod region;
mod times;
mod wait;

#[cfg(test)]
mod tests;

pub(crate) use region::{Region, Work};
