//! Sessions that share a pool: no run waits for a thread that is busy with something else.

use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use ottava::{Model, Plan, PlanOptions, Session};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Longer than any run takes, shorter than a hung test should.
const PATIENCE: Duration = Duration::from_secs(120);

fn pool(threads: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(threads).build().unwrap())
}

/// Building a network takes longer than running it.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let bytes = ottava_models::builtin("mobilenet-v1").unwrap().build();
    Model::from_bytes(bytes, "mobilenet-v1").unwrap()
});

fn plan(threads: usize) -> Plan {
    Plan::new(&MODEL, &PlanOptions { threads: Some(threads), ..PlanOptions::default() }).unwrap()
}

/// Runs on an input made from `seed` and returns the output.
fn run(session: &mut Session, seed: u8) -> Vec<u8> {
    for (at, byte) in session.input_mut(0).unwrap().iter_mut().enumerate() {
        *byte = (at as u8).wrapping_mul(seed).wrapping_add(at.wrapping_div(77) as u8);
    }
    session.run().unwrap();
    session.output(0).unwrap().to_vec()
}

fn expected(plan: &Plan, seeds: std::ops::Range<u8>) -> Vec<Vec<u8>> {
    let mut alone = Session::with_pool(plan, pool(1)).unwrap();
    seeds.map(|seed| run(&mut alone, seed)).collect()
}

/// Runs `test` on a thread of its own and fails if it hangs.
fn within_patience(test: impl FnOnce() + Send + 'static) {
    let (done, wait) = channel();
    let thread = thread::spawn(move || {
        test();
        done.send(()).unwrap();
    });
    if wait.recv_timeout(PATIENCE).is_err() && !thread.is_finished() {
        panic!("a run waits for a thread that does something else");
    }
    thread.join().unwrap();
}

#[test]
fn two_inferences_at_once_on_one_pool() {
    within_patience(|| {
        let plan = plan(2);
        let pool = pool(1);
        let expected = expected(&plan, 1..9);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut session = Session::with_pool(&plan, Arc::clone(&pool)).unwrap();
                    for (seed, expected) in (1..9).zip(&expected) {
                        assert_eq!(run(&mut session, seed), *expected, "seed {seed}");
                    }
                });
            }
        });
    });
}

#[test]
fn an_inference_from_inside_a_job_of_the_pool() {
    within_patience(|| {
        let plan = plan(3);
        let pool = pool(1);
        let expected = expected(&plan, 1..3);
        // The only thread of the pool is the caller: helpers cannot start before the run is over.
        let outputs: Vec<Vec<u8>> = pool.install(|| {
            let mut session = Session::with_pool(&plan, Arc::clone(&pool)).unwrap();
            (1..3).map(|seed| run(&mut session, seed)).collect()
        });
        assert_eq!(outputs, expected);
    });
}

#[test]
fn an_inference_while_the_other_worker_is_busy() {
    within_patience(|| {
        let plan = plan(2);
        let pool = pool(1);
        let expected = expected(&plan, 1..3);
        let (started, wait_started) = channel();
        let (release, wait_release) = channel::<()>();
        // Busy until the run is over, which is longer than any second: a run that waited would hang.
        pool.spawn(move || {
            started.send(()).unwrap();
            let _ = wait_release.recv();
        });
        wait_started.recv().unwrap();
        let mut session = Session::with_pool(&plan, Arc::clone(&pool)).unwrap();
        let outputs: Vec<Vec<u8>> = (1..3).map(|seed| run(&mut session, seed)).collect();
        release.send(()).unwrap();
        assert_eq!(outputs, expected);
    });
}

#[test]
fn outputs_do_not_depend_on_the_number_of_threads() {
    let expected = expected(&plan(1), 1..3);
    for threads in 2..=5 {
        let mut session = Session::new(&plan(threads)).unwrap();
        let outputs: Vec<Vec<u8>> = (1..3).map(|seed| run(&mut session, seed)).collect();
        assert_eq!(outputs, expected, "{threads} threads");
    }
}
