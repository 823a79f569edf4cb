//! How an inference runs: one parallel region that the caller and its helpers walk together.
//!
//! * `region`: the walk over layers and tasks, its guarantees, panics and profile.
//! * `cursor`: the one atomic word that says which layer is current and which task is next.
//! * `orders`, `cancel`: whether the run goes on, and who may end it.
//! * `helpers`: which helpers are in the region or on their way, by number.
//! * `lender`, `crew`: where helpers come from; the threads that stand by for the sessions of a plan.
//! * `times`: when each layer ended, and how long its tasks kept threads busy.
//! * `trace`: when each task was executed and where, if somebody wants to know.
//! * `wait`: spinning, then sleeping, until something changes.
//! * `sync`: the types underneath. The model of `tests/region_model.rs` compiles these files with other ones.
//!
//! The reasons are in `docs/adr/001-one-parallel-region.md`.

mod cancel;
mod crew;
mod cursor;
mod helpers;
mod lender;
mod orders;
mod region;
mod sync;
mod times;
mod trace;
mod wait;

#[cfg(test)]
mod tests;

pub use cancel::Cancel;
pub(crate) use cancel::Stop;
pub(crate) use crew::Crew;
pub(crate) use lender::Lender;
pub(crate) use orders::Ended;
pub(crate) use region::{Region, Work};
pub(crate) use trace::Span;
