//! Runs that are to end before they are done.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::orders::Ended;
use super::super::{Cancel, Region, Stop, Work};
use super::{RUNS, pool, region, watched};

/// Why a run was stopped.
fn stop_of<W: Work>(region: &mut Region<W>, cancel: &Cancel) -> Stop {
    match region.run(Some(cancel)).expect_err("the run is to end") {
        Ended::Stopped(stop) => stop,
        Ended::Panicked(panicked) => panic!("{panicked:?}"),
    }
}

/// Cancelled by one of its own tasks, a run starts no task after it that is not another thread's already.
#[test]
fn a_cancelled_run_starts_no_more_tasks() {
    watched(|| {
        for threads in [1, 2, 4] {
            let pool = pool(threads);
            for at in 0..(RUNS.min(60) as usize).saturating_sub(threads) {
                let cancel = Cancel::new();
                let (clone, ran, then) = (cancel.clone(), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
                let (counter, at_once) = (Arc::clone(&ran), Arc::clone(&then));
                let mut region = region(&[9, 0, 30, 21], threads, &pool, move |_, _| {
                    if counter.fetch_add(1, Ordering::SeqCst) == at {
                        clone.cancel();
                        // Others may have gone on while this thread was not running.
                        at_once.store(counter.fetch_add(0, Ordering::SeqCst), Ordering::SeqCst);
                    }
                });
                let result = region.run(Some(&cancel));
                let (before, then) = (ran.load(Ordering::SeqCst), then.load(Ordering::SeqCst));
                let name = format!("{threads} threads, task {at}: {then} tasks were begun, {before} ran");
                assert!((then..then + threads).contains(&before) && then > at, "{name}");
                match result {
                    Err(Ended::Stopped(stop)) => assert_eq!(stop, Stop::Cancelled, "{name}"),
                    Err(Ended::Panicked(panicked)) => panic!("{name}: {panicked:?}"),
                    Ok(()) => assert!(threads > 1 && before == 60, "{name}"),
                }
                assert_eq!(stop_of(&mut region, &cancel), Stop::Cancelled);
                assert_eq!(ran.load(Ordering::SeqCst), before, "cancelled before it began");
                region.run(None).expect("nobody can cancel it");
                region.run(Some(&Cancel::new())).expect("nobody cancels it");
                assert_eq!(ran.load(Ordering::SeqCst), before + 120);
            }
        }
    });
}

#[test]
fn a_deadline_ends_a_run() {
    watched(|| {
        for threads in [1, 3] {
            let mut region = region(&[200, 200], threads, &pool(threads), |_, _| {
                std::thread::sleep(Duration::from_millis(1));
            });
            let cancel = Cancel::new().with_deadline(Instant::now() + Duration::from_millis(10));
            assert_eq!(stop_of(&mut region, &cancel), Stop::DeadlineExceeded);
            let later = cancel.with_deadline(Instant::now() + Duration::from_secs(3600));
            region.run(Some(&later)).expect("an hour is enough");
            cancel.cancel();
            assert_eq!(stop_of(&mut region, &later), Stop::Cancelled, "clones share the flag");
        }
    });
}

/// Each task is noted once, in the time of its layer; nothing is where nobody asked.
#[test]
fn tasks_are_noted_while_they_are_recorded() {
    watched(|| {
        for threads in [1, 2, 4] {
            let tasks = [3, 0, 17, 1];
            let mut region =
                region(&tasks, threads, &pool(threads), |_, _| std::thread::sleep(Duration::from_micros(50)));
            region.run(None).expect("it runs");
            assert_eq!(region.spans().count(), 0, "nothing is recorded");
            region.record(true);
            for _ in 0..3 {
                region.run(None).expect("it runs");
                let noted: Vec<(usize, usize)> = region.spans().map(|span| (span.layer, span.task)).collect();
                let all: Vec<(usize, usize)> = tasks
                    .iter()
                    .enumerate()
                    .flat_map(|(layer, &tasks)| (0..tasks).map(move |task| (layer, task)))
                    .collect();
                assert_eq!(noted, all);
                let ends: Vec<u64> = region
                    .layer_nanos()
                    .scan(0, |end, nanos| {
                        *end += nanos;
                        Some(*end)
                    })
                    .collect();
                for span in region.spans() {
                    let start = span.layer.checked_sub(1).map_or(0, |before| ends[before]);
                    assert!(span.thread < threads, "{span:?}");
                    assert!(
                        start <= span.begin && span.begin < span.end && span.end <= ends[span.layer],
                        "{span:?} {ends:?}"
                    );
                }
            }
            region.record(false);
            region.run(Some(&Cancel::new())).expect("it runs");
            assert_eq!(region.spans().count(), 0, "nothing is recorded any more");
        }
    });
}
