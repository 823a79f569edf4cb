//! The times of a run.
#![expect(unsafe_code, reason = "what a region runs is unsafe to call")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::super::{Lender, Region, Work};

const PAUSE: Duration = Duration::from_millis(5);

/// Two tasks that run at once where there are two threads, a layer without tasks, and one task alone.
struct Pauses {
    threads: usize,
    met: AtomicUsize,
}

impl Work for Pauses {
    fn layers(&self) -> usize {
        3
    }

    fn tasks(&self, layer: usize) -> usize {
        [2, 0, 1][layer]
    }

    unsafe fn run(&self, layer: usize, _: usize, _: usize) {
        if layer == 0 && self.threads == 2 {
            let pair = self.met.fetch_add(1, Ordering::Relaxed) / 2;
            while self.met.load(Ordering::Relaxed) < 2 * pair + 2 {
                std::thread::yield_now();
            }
        }
        std::thread::sleep(PAUSE);
    }
}

#[test]
fn busy_time_is_that_of_all_threads_in_the_last_run() {
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts");
        let work = Pauses { threads, met: AtomicUsize::new(0) };
        let mut region = Region::new(work, threads, Some(Lender::Pool(Arc::new(pool)))).expect("few tasks");
        for _ in 0..3 {
            region.run(None).expect("no task panics");
            let layers: Vec<_> = region.layer_nanos().map(Duration::from_nanos).collect();
            let busy: Vec<_> = region.busy_nanos().map(Duration::from_nanos).collect();
            let context = format!("{threads} threads: {busy:?} of {layers:?}");
            assert!(busy[0] >= 2 * PAUSE && busy[0] <= threads as u32 * layers[0], "{context}");
            assert!(busy[1].is_zero(), "{context}");
            assert!(busy[2] >= PAUSE && busy[2] <= layers[2], "one task keeps one thread busy; {context}");
            assert!(threads > 1 || busy == layers, "{context}");
        }
    }
}
