//! Packed models, `.ottava`: a source and the packed weights of plans, to be mapped and used in place.
//!
//! `docs/adr/024-packed-models.md` says why the file is as it is, [`format`] what is in it.

mod cache;
mod entry;
mod format;
mod read;
mod step;
mod write;

pub use cache::Cache;
pub(crate) use entry::CacheEntry;
pub use read::PackedSection;
pub(crate) use read::{PackedFile, Source, StoredPlan, StoredStep, is_packed};
pub(crate) use step::PackedStep;
pub use write::Kept;
pub(crate) use write::{Section, SourceInfo, replace, write};
