//! The arena: as small as what is alive together, and results over operands that nothing needs any more.

use ottava::{ArenaBuffer, ArenaInfo, Backend, Isa, Model, Plan, PlanOptions, Session};
use ottava_models::{Activation, Conv, Form, Network, NetworkBuilder, OutputQuantization};

/// Random networks of either kind.
const SEEDS: std::ops::Range<u64> = 0..40;

fn plan(model: &Model, isa: Isa, threads: usize) -> Plan {
    Plan::new(model, &PlanOptions { isa: Some(isa), threads: Some(threads), ..PlanOptions::default() }).unwrap()
}

fn arena(plan: &Plan) -> &ArenaInfo {
    plan.arena().expect("kernels share an arena")
}

/// The lower bound anew, from the buffers as they are listed; layers of a plan may be several in a row, so that it is no less.
fn most_alive(arena: &ArenaInfo) -> usize {
    let alive = |layer: usize| {
        let buffers = arena.buffers.iter().filter(|buffer| (buffer.first_layer..=buffer.last_layer).contains(&layer));
        buffers.map(|buffer| buffer.bytes).sum()
    };
    let last = arena.buffers.iter().map(|buffer| buffer.last_layer).max().unwrap_or(0);
    (0..=last).map(alive).max().unwrap_or(0)
}

#[test]
fn the_arena_of_random_networks_is_near_its_lower_bound() {
    let kinds: [fn(u64) -> Vec<u8>; 2] = [ottava_models::random_network, ottava_models::mixed_network];
    let mut above = Vec::new();
    for seed in SEEDS {
        for (kind, make) in kinds.iter().enumerate() {
            let model = Model::from_bytes(make(seed), "network").unwrap();
            for isa in Isa::for_tests() {
                let plan = plan(&model, isa, 1);
                let arena = arena(&plan);
                assert!(arena.buffers.iter().all(|buffer| buffer.offset + buffer.bytes <= arena.bytes));
                assert!(arena.lower_bound_bytes <= most_alive(arena), "network {seed} of kind {kind} on {isa}");
                assert_eq!(arena.bytes, plan.memory().activation_bytes);
                if 100 * arena.bytes > 105 * arena.lower_bound_bytes {
                    above.push((kind, seed, isa, arena.bytes, arena.lower_bound_bytes));
                }
            }
        }
    }
    assert!(above.is_empty(), "more than 5 % above: {above:?}");
}

/// Two convolutions of the input are added up, and a third follows; with `kept`, their first is an output, too.
fn sum(kept: bool) -> Network {
    let mut builder = NetworkBuilder::new("sum", Form::Int8, 1);
    let input = builder.input(&[1, 16, 16, 8]);
    let first = builder.conv(input, &Conv::new(32, [3, 3]));
    let second = builder.conv(input, &Conv::new(32, [1, 1]));
    let sum = builder.add(first, second, (Activation::None, OutputQuantization::Calibrated));
    let last = builder.conv(sum, &Conv::new(4, [1, 1]));
    let outputs = [last, first];
    builder.finish(&outputs[..if kept { 2 } else { 1 }])
}

fn run(model: &Model, backend: Backend, (isa, threads): (Isa, usize)) -> Vec<Vec<u8>> {
    let options = PlanOptions { backend, isa: Some(isa), threads: Some(threads), ..PlanOptions::default() };
    let mut session = Session::new(&Plan::new(model, &options).unwrap()).unwrap();
    session.input_mut(0).unwrap().iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 41) as u8);
    session.run().unwrap();
    (0..session.outputs().len()).map(|index| session.output(index).unwrap().to_vec()).collect()
}

/// What is written, and where.
fn result_of<'a>(plan: &'a Plan, op: &str) -> (usize, &'a ArenaBuffer) {
    let layer = plan.layers().iter().find(|layer| layer.op == op).expect("such a layer");
    let tensor = layer.output_tensors[0];
    let buffer = arena(plan).buffers.iter().find(|buffer| buffer.tensors.contains(&tensor)).expect("it is somewhere");
    (tensor, buffer)
}

#[test]
fn a_sum_is_written_over_an_operand_that_nothing_needs_any_more() {
    let bytes = 16 * 16 * 32;
    for isa in Isa::for_tests() {
        let [alone, kept] = [false, true].map(|kept| Model::from_bytes(sum(kept).to_file(), "sum").unwrap());
        for threads in [1, 3] {
            for model in [&alone, &kept] {
                let expected = run(model, Backend::Reference, (isa, 1));
                assert_eq!(run(model, Backend::Optimized, (isa, threads)), expected, "{isa}, {threads} threads");
            }
        }
        let plans = [&alone, &kept].map(|model| plan(model, isa, 1));
        let (sum, buffer) = result_of(&plans[0], "ADD");
        assert_eq!(buffer.tensors.len(), 2, "{isa}: {buffer:?} is of tensor {sum} and an operand");
        // Both operands, and no third buffer of that size for the sum.
        let peak = arena(&plans[0]).lower_bound_bytes;
        assert!((2 * bytes..3 * bytes).contains(&peak), "{isa}: {peak} bytes");
        // The first operand is needed at the end; the second is not.
        let (_, buffer) = result_of(&plans[1], "ADD");
        let first = plans[1].outputs()[1].tensor;
        assert!(!buffer.tensors.contains(&first) && buffer.tensors.len() == 2, "{isa}: {buffer:?}, {first} is kept");
        let all = PlanOptions { isa: Some(isa), keep_intermediates: true, ..PlanOptions::default() };
        let all = Plan::new(&alone, &all).unwrap();
        assert!(arena(&all).buffers.iter().all(|buffer| buffer.tensors.len() < 2), "{isa}: all tensors are kept");
    }
}
