//! The memory of a session: what a plan tells of it, and what happens where there is none.

use ottava::{Backend, ErrorKind, Model, Plan, PlanOptions, Session};
use ottava_models::{Form, Network, NetworkBuilder, Padding, Pool};

#[expect(dead_code, reason = "the other test of memory uses the rest")]
mod allocator;

/// What a session holds beside what the plan counts: numbers and pointers for itself and for each layer.
const BOOKKEEPING: usize = 1 << 10;
/// The same for each input and output.
const BOOKKEEPING_OF_OUTPUT: usize = 16;

/// A large input, copied through a pool, and listed many times as output.
fn network(listed: usize) -> Network {
    let mut builder = NetworkBuilder::new("many outputs", Form::Uint8, 1);
    let input = builder.input(&[1, 64, 64, 3]);
    let pooled = builder.max_pool(input, &Pool::new([1, 1], [1, 1], Padding::Valid));
    builder.finish(&vec![pooled; listed])
}

fn plan(listed: usize, backend: Backend, threads: usize) -> Plan {
    let model = Model::from_bytes(network(listed).to_file(), "many outputs").expect("a valid file");
    Plan::new(&model, &PlanOptions { backend, threads: Some(threads), ..PlanOptions::default() }).expect("a plan")
}

#[test]
fn a_session_takes_what_the_plan_tells() {
    for backend in [Backend::Optimized, Backend::Reference] {
        for listed in [1, 200] {
            let plan = plan(listed, backend, 1);
            let told = plan.memory().arena_bytes;
            let (session, taken) = allocator::bytes_of(|| Session::new(&plan));
            let session = session.expect("little memory");
            let more = BOOKKEEPING * (plan.layers().len() + 2) + BOOKKEEPING_OF_OUTPUT * listed;
            assert!(
                (told..told + more).contains(&taken),
                "{backend}, listed {listed} times: {taken} bytes taken, {told} told"
            );
            let first = session.output(0).expect("an output").as_ptr();
            let last = session.output(listed - 1).expect("an output").as_ptr();
            assert_eq!(first, last, "{backend}: the same tensor, the same bytes");
        }
    }
}

#[test]
fn memory_that_cannot_be_had_is_an_error() {
    for backend in [Backend::Optimized, Backend::Reference] {
        let plan = plan(1, backend, 1);
        let error = allocator::with_limit(4096, || Session::new(&plan)).expect_err("no memory");
        assert_eq!(error.kind(), ErrorKind::Io, "{backend}: {error}");
        assert!(error.to_string().contains("there is no memory for"), "{backend}: {error}");
        Session::new(&plan).expect("there is memory again");
    }
}
