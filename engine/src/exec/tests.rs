//! The region under stress, and the situations in which a naive one would wait for ever.
#![expect(unsafe_code, reason = "tasks reach plain memory through cells, to show that the region orders it")]

use std::cell::UnsafeCell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::region::TooManyTasks;
use super::{Lender, Region, Work};

mod cancel;
mod crew;
mod cursor;
mod panics;
mod times;
mod wait;

/// Long enough for any machine; reached only where something waits that must not.
const WATCHDOG: Duration = Duration::from_secs(120);

/// Runs of a stress test; an interpreter gets a few.
const RUNS: u64 = if cfg!(miri) { 12 } else { 3000 };

fn pool(threads: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start"))
}

/// Fails the test where `test` does not end.
fn watched(test: impl FnOnce() + Send + 'static) {
    let (ended, end) = channel();
    let thread = std::thread::spawn(move || {
        test();
        ended.send(()).ok();
    });
    if end.recv_timeout(WATCHDOG) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        panic!("a run waits for something that never comes");
    }
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
}

/// A small generator of random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Layers over plain memory: each task reads all that the layer before wrote.
struct Chain {
    input: UnsafeCell<u64>,
    layers: Vec<Vec<UnsafeCell<Cell>>>,
    /// What the threads have to themselves, by number: whether one goes by it, and plain memory.
    threads: Vec<(AtomicBool, UnsafeCell<u64>)>,
}

/// More than any test has.
const MOST_THREADS: usize = 16;

#[derive(Clone, Copy, Default)]
struct Cell {
    value: u64,
    runs: u64,
}

// SAFETY: a cell is written by its own task only, and read by later layers or between runs; a thread's memory by that
// thread.
unsafe impl Sync for Chain {}

impl Chain {
    fn new(tasks: &[usize]) -> Self {
        let layers = tasks.iter().map(|&tasks| (0..tasks).map(|_| UnsafeCell::default()).collect());
        let threads = (0..MOST_THREADS).map(|_| Default::default()).collect();
        Self { input: UnsafeCell::new(0), layers: layers.collect(), threads }
    }

    fn random(random: &mut Random) -> Self {
        let tasks: Vec<usize> =
            (0..random.below(9)).map(|_| [0, 1, 1, 2, 3, 5, 17][random.below(7) as usize]).collect();
        Self::new(&tasks)
    }

    fn value(before: u64, layer: usize, task: usize) -> u64 {
        (before ^ (layer * 1000 + task) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17)
    }
}

impl Work for Chain {
    fn layers(&self) -> usize {
        self.layers.len()
    }

    fn tasks(&self, layer: usize) -> usize {
        self.layers[layer].len()
    }

    unsafe fn run(&self, layer: usize, task: usize, thread: usize) {
        let (busy, own) = &self.threads[thread];
        assert!(!busy.swap(true, Ordering::Relaxed), "two threads go by number {thread}");
        let before = self.layers[..layer].iter().rev().find(|cells| !cells.is_empty());
        // SAFETY: earlier layers happened before and are not written again in this run.
        let read = |cell: &UnsafeCell<Cell>| unsafe { (*cell.get()).value };
        // SAFETY: the input is written between runs.
        let input = || unsafe { *self.input.get() };
        let sum = before.map_or_else(input, |cells| cells.iter().map(read).fold(0, u64::wrapping_add));
        // SAFETY: this task's own cell.
        let cell = unsafe { &mut *self.layers[layer][task].get() };
        cell.value = Self::value(sum, layer, task);
        cell.runs += 1;
        // SAFETY: nobody else goes by this number.
        unsafe { *own.get() += 1 }
        busy.store(false, Ordering::Relaxed);
    }
}

/// Runs a chain once on a fresh input and checks every cell; `run` counts from 1.
fn run_chain(region: &mut Region<Chain>, run: u64) {
    // SAFETY: no run is in progress.
    unsafe { *region.work().input.get() = run }
    region.run(None).expect("no task panics");
    let mut sum = run;
    for (layer, cells) in region.work().layers.iter().enumerate() {
        let mut next = 0_u64;
        for (task, cell) in cells.iter().enumerate() {
            // SAFETY: no run is in progress.
            let cell = unsafe { *cell.get() };
            assert_eq!(cell.runs, run, "runs of layer {layer} task {task}");
            assert_eq!(cell.value, Chain::value(sum, layer, task), "run {run} layer {layer} task {task}");
            next = next.wrapping_add(cell.value);
        }
        if !cells.is_empty() {
            sum = next;
        }
    }
    assert_eq!(region.layer_nanos().sum::<u64>(), region.total_nanos());
    assert_eq!(region.layer_nanos().count(), region.work().layers());
}

/// No thread was busier than the layer was long.
fn check_busy<W: Work>(region: &Region<W>, threads: usize) {
    for (layer, (nanos, busy)) in region.layer_nanos().zip(region.busy_nanos()).enumerate() {
        assert!(busy <= threads as u64 * nanos, "layer {layer}: {busy} ns busy on {threads} threads in {nanos} ns");
    }
}

fn stress(threads: usize, lender: Option<Lender>, seed: u64) {
    let mut random = Random(seed);
    let mut left = RUNS;
    while left > 0 {
        let runs = left.min(1 + random.below(60));
        let mut region = Region::new(Chain::random(&mut random), threads, lender.clone()).expect("few tasks");
        for run in 1..=runs {
            run_chain(&mut region, run);
            check_busy(&region, threads);
        }
        assert!(region.enlisted() < threads);
        left -= runs;
    }
}

#[test]
fn every_task_runs_once_and_in_order() {
    stress(1, None, 1);
    stress(4, None, 2);
    for threads in 1..=4 {
        watched(move || stress(threads, Some(Lender::Pool(pool(threads))), 3 + threads as u64));
    }
}

#[test]
fn more_threads_than_cores() {
    let threads = 4 * std::thread::available_parallelism().map_or(1, |cores| cores.get()).min(4);
    watched(move || stress(threads, Some(Lender::Pool(pool(threads))), 7));
}

#[test]
fn more_threads_than_the_pool_has() {
    watched(|| stress(8, Some(Lender::Pool(pool(2))), 8));
}

#[test]
fn many_regions_on_one_pool_under_stress() {
    let pool = pool(2);
    watched(move || {
        std::thread::scope(|scope| {
            for seed in 0..3 {
                let pool = Arc::clone(&pool);
                scope.spawn(move || stress(3, Some(Lender::Pool(pool)), 11 + seed));
            }
        });
    });
}

/// What each task does is up to the test.
struct Tasks<F>(Vec<usize>, F);

impl<F: Fn(usize, usize) + Send + Sync + 'static> Work for Tasks<F> {
    fn layers(&self) -> usize {
        self.0.len()
    }

    fn tasks(&self, layer: usize) -> usize {
        self.0[layer]
    }

    unsafe fn run(&self, layer: usize, task: usize, _: usize) {
        (self.1)(layer, task);
    }
}

fn region<F>(tasks: &[usize], threads: usize, pool: &Arc<ThreadPool>, run: F) -> Region<Tasks<F>>
where
    F: Fn(usize, usize) + Send + Sync + 'static,
{
    Region::new(Tasks(tasks.to_vec(), run), threads, Some(Lender::Pool(Arc::clone(pool)))).expect("few tasks")
}

/// Keeps one thread of the pool busy until the sender is used or dropped; returns once it is.
fn keep_busy(pool: &ThreadPool) -> Sender<()> {
    let ((release, gate), (started, start)) = (channel::<()>(), channel());
    pool.spawn(move || {
        started.send(()).ok();
        gate.recv().ok();
    });
    start.recv().expect("the pool runs it");
    release
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

/// All tasks of one region are stuck, and with them all threads of the pool, until another region
/// has run on the same pool.
#[test]
fn two_regions_on_one_pool_do_not_wait_for_each_other() {
    watched(|| {
        let pool = pool(1);
        let ((open, gate), (started, start)) = (channel::<()>(), channel());
        let (gate, started) = (Mutex::new(gate), Mutex::new(started));
        let mut stuck = region(&[2], 2, &pool, move |_, _| {
            started.lock().expect("not poisoned").send(()).ok();
            // The first task waits inside the lock, the second for the lock.
            gate.lock().expect("not poisoned").recv().ok();
        });
        let first = std::thread::spawn(move || stuck.run(None).is_ok());
        start.recv().expect("one task started");
        start.recv().expect("the other one, on the pool's thread");
        let mut free =
            Region::new(Chain::new(&[3, 0, 1, 5]), 2, Some(Lender::Pool(Arc::clone(&pool)))).expect("few tasks");
        (1..=50).for_each(|run| run_chain(&mut free, run));
        assert_eq!(free.enlisted(), 1, "its helper never started, and was not spawned twice");
        drop(open);
        assert!(first.join().expect("no panic"));
        wait_until(|| free.enlisted() == 0);
        run_chain(&mut free, 51);
    });
}

/// The pool has no thread but the one that the caller occupies, or all of them call.
#[test]
fn a_run_inside_a_job_of_its_own_pool_ends() {
    watched(|| {
        for threads in 1..=3 {
            let pool = pool(threads);
            let mut inside =
                Region::new(Chain::new(&[3, 0, 1, 5]), 4, Some(Lender::Pool(Arc::clone(&pool)))).expect("few tasks");
            pool.install(|| (1..=50).for_each(|run| run_chain(&mut inside, run)));
            let jobs = 4;
            pool.scope(|scope| {
                for seed in 0..jobs {
                    let pool = Arc::clone(&pool);
                    scope.spawn(move |_| stress(4, Some(Lender::Pool(pool)), 21 + seed));
                }
            });
        }
    });
}

/// The pool's only thread is busy until the run has returned.
#[test]
fn a_run_does_not_wait_for_a_busy_pool() {
    watched(|| {
        let pool = pool(1);
        let mut region =
            Region::new(Chain::new(&[3, 0, 1, 5]), 2, Some(Lender::Pool(Arc::clone(&pool)))).expect("few tasks");
        let busy = keep_busy(&pool);
        (1..=50).for_each(|run| run_chain(&mut region, run));
        assert_eq!(region.enlisted(), 1, "its helper never started, and was not spawned twice");
        drop(busy);
        // The late helper finds the run over and leaves; the next run gets a new one.
        wait_until(|| region.enlisted() == 0);
        (51..=100).for_each(|run| run_chain(&mut region, run));
    });
}

/// A helper that starts in the middle of a run joins in the layer that is current.
#[test]
fn a_late_helper_joins_the_current_layer() {
    watched(|| {
        let pool = pool(1);
        let busy = Mutex::new(Some(keep_busy(&pool)));
        let (both, ran) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&ran);
        let mut region = region(&[2, 3, 2, 4], 2, &pool, move |layer, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            if layer == 2 {
                busy.lock().expect("not poisoned").take();
                both.fetch_add(1, Ordering::Relaxed);
                // Only two threads in the layer at once get past this.
                wait_until(|| both.load(Ordering::Relaxed) == 2);
            }
        });
        region.run(None).expect("no task panics");
        assert_eq!(ran.load(Ordering::Relaxed), 11);
    });
}

/// A region may be dropped while its helper has not started; the work goes with the helper.
#[test]
fn a_helper_outlives_its_region() {
    watched(|| {
        let pool = pool(1);
        let busy = keep_busy(&pool);
        let held = Arc::new(());
        let holder = Arc::clone(&held);
        let mut region = region(&[2], 2, &pool, move |_, _| drop(Arc::clone(&holder)));
        region.run(None).expect("no task panics");
        drop(region);
        assert_eq!(Arc::strong_count(&held), 2, "the queued helper still holds the work");
        drop(busy);
        wait_until(|| Arc::strong_count(&held) == 1);
    });
}

#[test]
fn too_many_tasks_are_an_error() {
    let tasks = Tasks(vec![1, usize::MAX], |_, _| ());
    let error = Region::new(tasks, 1, None).err();
    assert_eq!(error, Some(TooManyTasks { layer: 1, tasks: usize::MAX }));
}
