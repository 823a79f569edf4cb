//! Whole inferences of the built-in networks, on every instruction set, with one and two threads.
//!
//! Groups are networks, benches `instruction set/threads`; the throughput is in inferences.

use criterion::{BenchmarkId, Criterion, Throughput};
use ottava::{Isa, Model, Plan, PlanOptions, Session};
use std::cell::LazyCell;
use std::time::Duration;

/// A session of the network with an input that is not all one value.
fn session(model: &Model, isa: Isa, threads: usize) -> ottava::Result<Session> {
    let options = PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() };
    let mut session = Session::new(&Plan::new(model, &options)?)?;
    let input = session.input_mut(0)?;
    input.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 89 % 251) as u8);
    Ok(session)
}

fn networks(criterion: &mut Criterion) {
    // Those of float32 run through the reference, which takes seconds for each inference.
    for builtin in ottava_models::builtins().iter().filter(|builtin| !builtin.name.ends_with("-f32")) {
        // Built only when the filter on the command line leaves something of it.
        let model = LazyCell::new(|| {
            Model::from_bytes(builtin.build(), builtin.name).unwrap_or_else(|error| panic!("{error}"))
        });
        let mut group = criterion.benchmark_group(builtin.name);
        group.sample_size(20).measurement_time(Duration::from_secs(3)).throughput(Throughput::Elements(1));
        for isa in Isa::available() {
            for threads in [1, 2] {
                group.bench_function(BenchmarkId::new(isa.name(), threads), |bencher| {
                    let mut session = session(&model, isa, threads).unwrap_or_else(|error| panic!("{error}"));
                    bencher.iter(|| session.run().unwrap_or_else(|error| panic!("{error}")));
                });
            }
        }
        group.finish();
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    networks(&mut criterion);
    criterion.final_summary();
}
