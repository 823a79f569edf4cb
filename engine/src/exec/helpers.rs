//! Which helpers of a region are in it, or on their way.
//!
//! Helpers have numbers. A number is enlisted from the moment that somebody asks for the helper until the helper leaves,
//! so at most one thread at a time goes by it: what belongs to a number, such as a workspace, is that thread's alone.

use super::sync::{AtomicBool, Ordering, fence};

/// The helpers that a region can use.
pub(super) struct Helpers {
    /// Whether each of them has been asked for and has not left, started or not.
    enlisted: Box<[AtomicBool]>,
}

impl Helpers {
    /// So many helpers, none of them enlisted.
    pub(super) fn new(count: usize) -> Self {
        Self { enlisted: (0..count).map(|_| AtomicBool::new(false)).collect() }
    }

    /// Enlists all that are missing and asks for each; those still on their way count. Only one thread at a time may
    /// call this, after it has published a run.
    ///
    /// A helper that is just leaving must not be counted on. It takes itself off and then looks at the cursor once more
    /// ([`Helpers::leave`]); here the run is published and then the helpers are looked at. With a fence in between on
    /// both sides, either the helper sees the run and comes back, or it is seen missing here and asked for.
    pub(super) fn enlist(&self, mut ask: impl FnMut(usize)) {
        fence(Ordering::SeqCst);
        for (helper, enlisted) in self.enlisted.iter().enumerate() {
            // Acquire: whoever goes by the number next has seen all that its last holder did.
            if !enlisted.load(Ordering::Relaxed) && !enlisted.swap(true, Ordering::Acquire) {
                ask(helper);
            }
        }
    }

    /// Takes a helper off, who must then look for a run once more.
    pub(super) fn leave(&self, helper: usize) {
        self.enlisted[helper].store(false, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Enlists a helper who has left and seen a run; false where another has been asked for in its place.
    pub(super) fn come_back(&self, helper: usize) -> bool {
        !self.enlisted[helper].swap(true, Ordering::Acquire)
    }

    /// How many are enlisted.
    #[cfg(test)]
    pub(super) fn enlisted(&self) -> usize {
        self.enlisted.iter().filter(|enlisted| enlisted.load(Ordering::SeqCst)).count()
    }
}
