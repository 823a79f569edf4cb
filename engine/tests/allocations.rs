//! A run takes no memory. One test, since the allocations of all threads are counted.

use std::time::{Duration, Instant};

use ottava::{Cancel, Model, Plan, PlanOptions, Session};
use recordings::{archives, cases};

#[expect(dead_code, reason = "the other test of memory uses the rest")]
mod allocator;
mod recordings;

/// Runs after the first.
const RUNS: usize = 20;

/// The plan of a file, and whether all of it runs as kernels: the reference takes memory for its values.
fn planned(file: Vec<u8>, name: &str, threads: usize) -> (Plan, bool) {
    let model = Model::from_bytes(file, name).expect("a valid file");
    let plan = Plan::new(&model, &PlanOptions { threads: Some(threads), ..PlanOptions::default() }).expect("a plan");
    let kernels = plan.layers().iter().all(|layer| layer.kernel != "reference");
    (plan, kernels)
}

/// Allocations of runs after the first, as they are and with all that may look on.
fn allocations_of_runs(plan: &Plan) -> usize {
    let mut session = Session::new(plan).expect("little memory");
    session.run().expect("it runs");
    let cancel = Cancel::new().with_deadline(Instant::now() + Duration::from_secs(3600));
    let plain = allocator::allocations(|| (0..RUNS).for_each(|_| session.run().expect("it runs")));
    session.record_tasks(true);
    let watched = allocator::allocations(|| (0..RUNS).for_each(|_| session.run_with(&cancel).expect("nobody ends it")));
    plain + watched
}

/// Recordings of operators on 16-bit activations.
fn sixteen_bits() -> Vec<(String, Vec<u8>)> {
    let archives = archives();
    let mut files = Vec::new();
    for operator in
        ["ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL", "TRANSPOSE_CONV"]
    {
        let recorded = archives.get(operator).map(|archive| cases(archive)).into_iter().flatten();
        let wide = recorded.filter(|(name, _)| name.starts_with("int16-")).take(3);
        files.extend(wide.map(|(name, case)| (format!("{operator} {name}"), case.model)));
    }
    files
}

#[test]
fn a_run_takes_no_memory() {
    let named = ["mobilenet-v2", "tiny:0", "tiny:1", "random:2", "random:3"].map(str::to_owned);
    let mixed = (0..80).map(|seed| format!("mixed:{seed}"));
    let built = named.into_iter().chain(mixed).map(|name| {
        let file = ottava_models::file_by_name(&name).expect("a network of that name");
        (name, file)
    });
    let (mut networks, mut of_16_bits) = (0, 0);
    for (name, file) in built.chain(sixteen_bits()) {
        for threads in [1, 2, 3] {
            let (plan, kernels) = planned(file.clone(), &name, threads);
            if !kernels {
                assert!(name.starts_with("mixed") || name.contains("int16"), "{name} has a layer without a kernel");
                continue;
            }
            networks += 1;
            // Kernels of 16-bit activations say so in their names.
            of_16_bits += usize::from(plan.layers().iter().any(|layer| layer.kernel.contains("_s16")));
            assert_eq!(allocations_of_runs(&plan), 0, "{name} on {threads} threads, {RUNS} runs");
        }
    }
    assert!(networks >= 30 && of_16_bits >= 10, "{networks} networks, {of_16_bits} of 16 bits");
}
