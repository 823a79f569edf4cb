//! Prints the layers of a built network and how their outputs are spread: `describe_network NAME`.

use ottava_models::Network;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(network) = std::env::args().nth(1).and_then(|name| Network::by_name(&name)) else {
        eprintln!("usage: describe_network NAME, where NAME is a builtin, tiny:SEED or random:SEED");
        return ExitCode::FAILURE;
    };
    println!("{}: {:.3} GMAC", network.name(), network.macs() as f64 / 1e9);
    for (index, layer) in network.layers().iter().enumerate() {
        let (operator, shape) = (&layer.operator, format!("{:?}", layer.shape));
        let (spread, distinct, change) = (layer.deviation_steps, layer.distinct, 100.0 * layer.image_difference);
        println!(
            "{index:4} {operator:18} {shape:22} deviation {spread:6.1} steps, {distinct:3} values, {change:5.1} % differ"
        );
    }
    ExitCode::SUCCESS
}
