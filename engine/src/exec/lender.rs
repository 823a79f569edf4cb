//! Where a region's helpers come from.

use std::sync::Arc;

use rayon::ThreadPool;

use super::crew::{Crew, Help, Reservation};

/// Threads that a region can ask for.
#[derive(Clone)]
pub(crate) enum Lender {
    /// The plan's own.
    Crew(Arc<Crew>),
    /// The embedder's. Each helper is a job there, for which the pool takes memory.
    Pool(Arc<ThreadPool>),
}

impl Lender {
    /// How many threads it has.
    pub(super) fn threads(&self) -> usize {
        match self {
            Self::Crew(crew) => crew.threads(),
            Self::Pool(pool) => pool.current_num_threads(),
        }
    }

    /// Makes room for the helpers of one region, as far as the lender can.
    pub(super) fn reserve(&self, helpers: usize) -> Option<Reservation> {
        match self {
            Self::Crew(crew) => Some(crew.reserve(helpers)),
            Self::Pool(_) => None,
        }
    }

    /// Asks for a helper, who comes when a thread has nothing else to do.
    pub(super) fn ask(&self, region: Arc<dyn Help>, helper: usize) {
        match self {
            Self::Crew(crew) => crew.ask(region, helper),
            Self::Pool(pool) => pool.spawn(move || region.help(helper)),
        }
    }
}
