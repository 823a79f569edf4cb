//! Threads that stand by.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use super::super::crew::Help;
use super::super::{Crew, Lender, Region};
use super::{Chain, run_chain, stress, wait_until, watched};

fn crew(threads: usize) -> Lender {
    Lender::Crew(Arc::new(Crew::new(threads).expect("threads start")))
}

#[test]
fn every_task_runs_once_and_in_order() {
    for threads in 1..=3 {
        watched(move || stress(threads + 1, Some(crew(threads)), 30 + threads as u64));
    }
    watched(|| stress(8, Some(crew(2)), 34));
}

#[test]
fn many_regions_on_one_crew_under_stress() {
    let crew = crew(2);
    watched(move || {
        std::thread::scope(|scope| {
            for seed in 0..3 {
                let crew = crew.clone();
                scope.spawn(move || stress(3, Some(crew), 40 + seed));
            }
        });
    });
}

/// Helps until it is told to stop.
struct Stuck(AtomicUsize, Mutex<std::sync::mpsc::Receiver<()>>);

impl Help for Stuck {
    fn help(&self, _: usize) {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.1.lock().expect("not poisoned").recv().ok();
    }
}

/// Regions come and go while the only thread is busy: what they asked for waits, and the last holder drops the region.
#[test]
fn a_busy_crew_is_not_waited_for() {
    watched(|| {
        let crew = crew(1);
        let (release, gate) = channel();
        let stuck = Arc::new(Stuck(AtomicUsize::new(0), Mutex::new(gate)));
        crew.ask(Arc::clone(&stuck) as Arc<dyn Help>, 0);
        wait_until(|| stuck.0.load(Ordering::Relaxed) == 1);
        let region = || Region::new(Chain::new(&[3, 0, 1, 5]), 2, Some(crew.clone())).expect("few tasks");
        let mut kept = region();
        for _ in 0..10 {
            run_chain(&mut region(), 1);
        }
        (1..=50).for_each(|run| run_chain(&mut kept, run));
        assert_eq!(kept.enlisted(), 1, "its helper never started, and was not asked for twice");
        drop(release);
        wait_until(|| kept.enlisted() == 0);
        (51..=100).for_each(|run| run_chain(&mut kept, run));
    });
}

#[test]
fn threads_end_with_the_crew() {
    watched(|| {
        let crew = Crew::new(3).expect("threads start");
        let shared = Arc::clone(&crew.shared);
        assert!(Arc::strong_count(&shared) > 2);
        drop(crew);
        wait_until(|| Arc::strong_count(&shared) == 1);
    });
}
