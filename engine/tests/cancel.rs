//! Runs that are ended before they are done, and the tasks that a run consists of.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use ottava::{Backend, Cancel, Error, ErrorKind, Model, Plan, PlanOptions, Session};

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let file = ottava_models::file_by_name("mobilenet-v1").expect("a built-in network");
    Model::from_bytes(file, "mobilenet-v1").expect("a valid file")
});

fn session(model: &Model, backend: Backend, threads: usize) -> Session {
    let options = PlanOptions { backend, threads: Some(threads), ..PlanOptions::default() };
    let mut session = Session::new(&Plan::new(model, &options).expect("a plan")).expect("little memory");
    for (at, byte) in session.input_mut(0).expect("an input").iter_mut().enumerate() {
        *byte = (at * 7) as u8;
    }
    session
}

/// The kind of an error that names the model.
fn kind(result: Result<(), Error>) -> Option<ErrorKind> {
    let error = result.err()?;
    assert!(error.file().is_some() && error.operator().is_none(), "{error}");
    Some(error.kind())
}

#[test]
fn a_run_that_was_ended_can_be_run_again() {
    for (backend, threads) in [(Backend::Optimized, 1), (Backend::Optimized, 3), (Backend::Reference, 1)] {
        let model = Model::from_bytes(ottava_models::tiny(1), "tiny").expect("a valid file");
        let mut session = session(&model, backend, threads);
        session.run().expect("it runs");
        let expected = session.output(0).expect("an output").to_vec();
        let cancel = Cancel::new();
        let late = cancel.with_deadline(Instant::now());
        assert_eq!(kind(session.run_with(&late)), Some(ErrorKind::DeadlineExceeded), "{backend}, {threads} threads");
        cancel.cancel();
        assert_eq!(kind(session.run_with(&late)), Some(ErrorKind::Cancelled), "{backend}, {threads} threads");
        for cancel in [Cancel::new(), Cancel::new().with_deadline(Instant::now() + Duration::from_secs(3600))] {
            session.run_with(&cancel).expect("nobody ends it");
            assert_eq!(session.output(0).expect("an output"), expected, "{backend}, {threads} threads");
        }
        session.run().expect("nobody can end it");
        assert_eq!(session.output(0).expect("an output"), expected, "{backend}, {threads} threads");
    }
}

/// Another thread ends runs at all sorts of points; those after it are whole.
#[test]
fn runs_are_ended_from_another_thread() {
    for threads in [1, 2, 3] {
        let mut session = session(&MODEL, Backend::Optimized, threads);
        session.run().expect("it runs");
        let expected = session.output(0).expect("an output").to_vec();
        let whole = session.profile().total;
        let mut ended = 0;
        for step in 0..20 {
            let cancel = Cancel::new();
            let other = cancel.clone();
            let after = whole * step / 20;
            let canceller = thread::spawn(move || {
                thread::sleep(after);
                other.cancel();
            });
            // Runs until one is ended.
            let result = (0..10_000).map(|_| session.run_with(&cancel)).find(Result::is_err);
            assert_eq!(kind(result.expect("it is cancelled at last")), Some(ErrorKind::Cancelled), "{threads} threads");
            canceller.join().expect("no panic");
            session.run().expect("it can run again");
            assert_eq!(session.output(0).expect("an output"), expected, "{threads} threads, after {after:?}");
            ended += 1;
        }
        assert_eq!(ended, 20);
    }
}

/// Each task once, on a thread of the session, within the run, and after the layers before.
#[test]
fn the_tasks_of_a_run_are_recorded() {
    for (backend, threads) in [(Backend::Optimized, 1), (Backend::Optimized, 3), (Backend::Reference, 1)] {
        let model = Model::from_bytes(ottava_models::random_network(2), "random").expect("a valid file");
        let mut session = session(&model, backend, threads);
        session.run().expect("it runs");
        assert_eq!(session.tasks(), [], "{backend}: nobody asked");
        session.record_tasks(true);
        for _ in 0..3 {
            session.run().expect("it runs");
            let (tasks, layers) = (session.tasks(), session.plan().layers().len());
            let mut index: Vec<[usize; 3]> = tasks.iter().map(|task| [task.layer, task.part, task.task]).collect();
            assert!(index.is_sorted(), "{backend}, {threads} threads");
            index.dedup();
            assert_eq!(index.len(), tasks.len(), "{backend}, {threads} threads");
            index.dedup_by_key(|[layer, ..]| *layer);
            assert_eq!(index.len(), layers, "{backend}, {threads} threads: each layer has a task");
            assert!(tasks.iter().all(|task| task.thread < threads && task.begin <= task.end));
            assert!(tasks.iter().all(|task| task.end <= session.profile().total));
            for pair in tasks.chunk_by(|a, b| (a.layer, a.part) == (b.layer, b.part)).collect::<Vec<_>>().windows(2) {
                let end = pair[0].iter().map(|task| task.end).max();
                assert!(end <= pair[1].iter().map(|task| task.begin).min(), "{backend}, {threads} threads");
            }
            let cancelled = Cancel::new();
            cancelled.cancel();
            session.run_with(&cancelled).expect_err("it was cancelled");
            assert_eq!(session.tasks(), [], "{backend}: nothing was run");
        }
        session.record_tasks(false);
        session.run_with(&Cancel::new()).expect("it runs");
        assert_eq!(session.tasks(), [], "{backend}: nobody asks any more");
    }
}
