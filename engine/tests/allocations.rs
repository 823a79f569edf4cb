//! A run takes no memory. One test, since the allocations of all threads are counted.

use ottava::{DType, Model, Plan, PlanOptions, Session};

#[expect(dead_code, reason = "the other test of memory uses the rest")]
mod allocator;

/// Runs after the first.
const RUNS: usize = 20;

/// The network, and whether all of it runs as kernels: the reference takes memory for its values.
fn planned(name: &str, threads: usize) -> (Plan, bool) {
    let file = ottava_models::file_by_name(name).expect("a network of that name");
    let model = Model::from_bytes(file, name).expect("a valid file");
    let plan = Plan::new(&model, &PlanOptions { threads: Some(threads), ..PlanOptions::default() }).expect("a plan");
    let kernels = plan.layers().iter().all(|layer| layer.kernel != "reference");
    (plan, kernels)
}

/// Allocations of runs after the first.
fn allocations_of_runs(plan: &Plan) -> usize {
    let mut session = Session::new(plan).expect("little memory");
    session.run().expect("it runs");
    allocator::allocations(|| (0..RUNS).for_each(|_| session.run().expect("it runs")))
}

#[test]
fn a_run_takes_no_memory() {
    let named = ["mobilenet-v2", "tiny:0", "tiny:1", "random:2", "random:3"].map(str::to_owned);
    let mixed = (0..80).map(|seed| format!("mixed:{seed}"));
    let (mut networks, mut of_16_bits) = (0, 0);
    for name in named.into_iter().chain(mixed) {
        for threads in [1, 2, 3] {
            let (plan, kernels) = planned(&name, threads);
            if !kernels {
                assert!(name.starts_with("mixed"), "{name} has a layer without a kernel");
                continue;
            }
            networks += 1;
            of_16_bits += usize::from(plan.outputs().iter().any(|output| output.dtype == DType::I16));
            assert_eq!(allocations_of_runs(&plan), 0, "{name} on {threads} threads, {RUNS} runs");
        }
    }
    assert!(networks >= 30 && of_16_bits >= 3, "{networks} networks, {of_16_bits} of 16 bits");
}
