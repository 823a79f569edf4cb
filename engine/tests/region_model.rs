//! The parallel region under a model checker: every order in which its threads can take their steps, up to a bound on
//! how often one is interrupted, and every value that a load may see. A thread that sleeps for ever is found as well.
//!
//! The files of `src/exec` are compiled with the model's atomics, locks and threads in place of those of the standard
//! library.
//!
//! `tools/check-model.sh` runs it.
#![cfg(loom_model)]

#[path = "../src/clock.rs"]
mod clock;

#[path = "../src/exec"]
#[expect(dead_code, reason = "the engine uses all of it")]
mod exec {
    /// In place of `src/exec/sync.rs`.
    mod sync {
        pub(super) use loom::sync::atomic::{AtomicUsize, Ordering, fence};
        pub(super) use loom::sync::{Condvar, Mutex, MutexGuard, RwLock};

        /// An atomic whose stores are swaps. Where a read-modify-write has seen what was there before a store of another
        /// thread, it comes before that store, which the model does not know.
        macro_rules! atomic {
            ($name:ident, $value:ty, $($method:ident($($argument:ident: $type:ty),*) -> $result:ty),*) => {
                #[derive(Debug)]
                pub(super) struct $name(loom::sync::atomic::$name);

                impl $name {
                    pub(super) fn new(value: $value) -> Self {
                        Self(loom::sync::atomic::$name::new(value))
                    }

                    pub(super) fn load(&self, order: Ordering) -> $value {
                        self.0.load(order)
                    }

                    pub(super) fn store(&self, value: $value, order: Ordering) {
                        self.0.swap(value, order);
                    }

                    $(pub(super) fn $method(&self, $($argument: $type),*) -> $result {
                        self.0.$method($($argument),*)
                    })*
                }
            };
        }

        atomic!(AtomicU64, u64, fetch_add(value: u64, order: Ordering) -> u64);
        atomic!(AtomicBool, bool, swap(value: bool, order: Ordering) -> bool);

        impl Default for AtomicBool {
            fn default() -> Self {
                Self::new(false)
            }
        }

        /// With no core to spare nobody spins.
        pub(super) fn cores() -> usize {
            0
        }

        pub(super) fn spawn(_: String, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
            loom::thread::spawn(run);
            Ok(())
        }
    }

    mod cancel;
    mod crew;
    mod cursor;
    mod helpers;
    mod lender;
    mod orders;
    mod region;
    mod times;
    mod trace;
    mod wait;

    mod models {
        use std::sync::Arc;
        use std::time::Duration;

        use loom::cell::UnsafeCell;
        use loom::sync::atomic::{AtomicUsize, Ordering};

        use super::cancel::{Cancel, Stop};
        use super::crew::Crew;
        use super::helpers::Helpers;
        use super::lender::Lender;
        use super::orders::Ended;
        use super::region::{Region, Work};
        use super::wait::Parking;

        /// Checks a model, with so many interruptions of threads that could go on.
        fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = Some(preemptions);
            builder.check(model);
        }

        /// One thread sleeps until another has changed something.
        #[test]
        fn no_wake_up_is_lost() {
            check(4, || {
                let shared = Arc::new((AtomicUsize::new(0), Parking::default()));
                let waiters: Vec<_> = (0..2)
                    .map(|_| {
                        let shared = Arc::clone(&shared);
                        let changed = move || shared.1.wait(Duration::ZERO, || shared.0.load(Ordering::Acquire) == 1);
                        loom::thread::spawn(changed)
                    })
                    .collect();
                shared.0.store(1, Ordering::Release);
                shared.1.wake_all();
                waiters.into_iter().for_each(|waiter| waiter.join().expect("no panic"));
            });
        }

        /// Either the helper that leaves sees the run that has just been published, or it is asked for again; and nobody
        /// goes by its number meanwhile.
        #[test]
        #[expect(
            clippy::arc_with_non_send_sync,
            reason = "the model fails where two threads reach the cell at the same time"
        )]
        fn a_leaving_helper_is_not_counted_on() {
            check(4, || {
                let shared = Arc::new((AtomicUsize::new(0), Helpers::new(1), UnsafeCell::new(0_u64)));
                // The helper's own, as a workspace is.
                let own = |shared: &(AtomicUsize, Helpers, UnsafeCell<u64>)| {
                    // SAFETY: the model fails where another thread is there at the same time.
                    shared.2.with_mut(|own| unsafe { *own += 1 })
                };
                shared.1.enlist(|_| {});
                let leaving = Arc::clone(&shared);
                let helper = loom::thread::spawn(move || {
                    own(&leaving);
                    leaving.1.leave(0);
                    let seen = leaving.0.load(Ordering::Acquire) == 1;
                    let back = seen && leaving.1.come_back(0);
                    if back {
                        own(&leaving);
                    }
                    back
                });
                shared.0.store(1, Ordering::Release);
                let mut asked = None;
                shared.1.enlist(|_| {
                    let shared = Arc::clone(&shared);
                    asked = Some(loom::thread::spawn(move || own(&shared)));
                });
                let new = asked.map(|thread| thread.join().expect("no panic")).is_some();
                let back = helper.join().expect("no panic");
                assert!(new != back, "one helper takes part: asked again {new}, came back {back}");
            });
        }

        /// Layers over plain memory; the model fails where a task does not happen after all of the layer before.
        struct Chain {
            layers: Vec<Vec<UnsafeCell<u64>>>,
            threads: [UnsafeCell<u64>; 2],
        }

        // SAFETY: the model fails where two threads are in a cell at the same time.
        unsafe impl Send for Chain {}
        // SAFETY: as above.
        unsafe impl Sync for Chain {}

        impl Work for Chain {
            fn layers(&self) -> usize {
                self.layers.len()
            }

            fn tasks(&self, layer: usize) -> usize {
                self.layers[layer].len()
            }

            unsafe fn run(&self, layer: usize, task: usize, thread: usize) {
                let before = layer.checked_sub(1).map_or(&[][..], |before| &self.layers[before][..]);
                // SAFETY: as above.
                let sum: u64 = before.iter().map(|cell| cell.with(|cell| unsafe { *cell })).sum();
                // SAFETY: as above.
                self.layers[layer][task].with_mut(|cell| unsafe { *cell += sum + 1 });
                // SAFETY: as above.
                self.threads[thread].with_mut(|cell| unsafe { *cell += 1 });
            }
        }

        fn run_chain(tasks: &[usize], runs: u64) {
            let lender = Lender::Crew(Arc::new(Crew::new(1).expect("a thread starts")));
            let layers = tasks.iter().map(|&tasks| (0..tasks).map(|_| UnsafeCell::new(0)).collect()).collect();
            let chain = Chain { layers, threads: [(); 2].map(|()| UnsafeCell::new(0)) };
            let mut region = Region::new(chain, 2, Some(lender)).expect("few tasks");
            let mut expected = vec![0; tasks.len()];
            for _ in 0..runs {
                region.run(None).expect("no task panics");
                let mut sum = 0;
                for (layer, cells) in region.work().layers.iter().enumerate() {
                    expected[layer] += sum + 1;
                    // SAFETY: as above.
                    cells.iter().for_each(|cell| assert_eq!(cell.with(|cell| unsafe { *cell }), expected[layer]));
                    sum = expected[layer] * cells.len() as u64;
                }
            }
        }

        /// A run that another thread cancels ends, with all tasks or with some, and so does the one after it.
        fn run_cancelled(tasks: &[usize]) {
            let lender = Lender::Crew(Arc::new(Crew::new(1).expect("a thread starts")));
            let layers = tasks.iter().map(|&tasks| (0..tasks).map(|_| UnsafeCell::new(0)).collect()).collect();
            let chain = Chain { layers, threads: [(); 2].map(|()| UnsafeCell::new(0)) };
            let mut region = Region::new(chain, 2, Some(lender)).expect("few tasks");
            let cancel = Cancel::new();
            let other = cancel.clone();
            let canceller = loom::thread::spawn(move || other.cancel());
            let ran = |region: &Region<Chain>| {
                let cells = region.work().layers.iter().flatten();
                // SAFETY: as above.
                cells.filter(|cell| cell.with(|cell| unsafe { *cell }) != 0).count()
            };
            let all = tasks.iter().sum();
            match region.run(Some(&cancel)) {
                Ok(()) => assert_eq!(ran(&region), all),
                Err(Ended::Stopped(Stop::Cancelled)) => assert!(ran(&region) < all),
                Err(other) => panic!("{other:?}"),
            }
            canceller.join().expect("no panic");
            region.run(None).expect("no task panics, and nobody cancels it");
            assert_eq!(ran(&region), all);
        }

        #[test]
        fn a_cancelled_run_ends_and_the_next_one_is_whole() {
            check(1, || run_cancelled(&[2]));
        }

        #[test]
        fn layers_follow_each_other() {
            check(2, || run_chain(&[2, 1], 1));
        }

        #[test]
        fn runs_follow_each_other() {
            check(2, || run_chain(&[2], 2));
        }
    }
}
