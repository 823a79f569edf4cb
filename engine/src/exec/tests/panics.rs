//! Tasks that panic.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::super::orders::{Ended, Panicked};
use super::super::{Region, Work};
use super::{RUNS, pool, region, wait_until, watched};

/// The panic that a run ends with.
fn panic_of<W: Work>(region: &mut Region<W>) -> Panicked {
    match region.run(None).expect_err("a task panics") {
        Ended::Panicked(panicked) => panicked,
        Ended::Stopped(stop) => panic!("nobody stopped the run: {stop:?}"),
    }
}

/// One task panics while another is being executed: the run returns after the other has ended.
#[test]
fn a_panic_fails_the_run_after_all_running_tasks_ended() {
    watched(|| {
        let pool = pool(1);
        let (started, fail) = (AtomicBool::new(false), Arc::new(AtomicBool::new(true)));
        let (ended, later) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (failing, end, count) = (Arc::clone(&fail), Arc::clone(&ended), Arc::clone(&later));
        let mut region = region(&[1, 40, 3], 2, &pool, move |layer, task| match (layer, task) {
            (1, 0) if failing.load(Ordering::Relaxed) => {
                wait_until(|| started.load(Ordering::Relaxed));
                resume_unwind(Box::new("out of paper"));
            }
            (1, 1) => {
                started.store(true, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
                end.store(true, Ordering::Relaxed);
            }
            (2, _) => _ = count.fetch_add(1, Ordering::Relaxed),
            _ => {}
        });
        let panicked = panic_of(&mut region);
        assert!(ended.load(Ordering::Relaxed), "the run returned while a task was running");
        assert_eq!((panicked.layer, panicked.message()), (1, "out of paper"));
        assert_eq!(later.load(Ordering::Relaxed), 0, "layers after the panic are skipped");
        fail.store(false, Ordering::Relaxed);
        region.run(None).expect("the region works again");
        assert_eq!(later.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn panics_of_all_tasks_are_one_error() {
    watched(|| {
        for threads in [1, 2, 4] {
            let pool = pool(threads);
            let mut region = region(&[3, 8, 8], threads, &pool, |layer, task| {
                if layer == 1 {
                    resume_unwind(Box::new(format!("task {task}")));
                }
            });
            for _ in 0..RUNS.min(200) {
                let panicked = panic_of(&mut region);
                assert_eq!(panicked.layer, 1);
                assert!(panicked.message().starts_with("task "), "{panicked:?}");
            }
        }
    });
}
