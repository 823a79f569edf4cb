//! Writes a built network to a file: `write_model NAME FILE`, where NAME is a builtin, `tiny:SEED` or `random:SEED`.

use ottava_models::Network;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, file] = &arguments[..] else {
        eprintln!("usage: write_model NAME FILE");
        return ExitCode::FAILURE;
    };
    let Some(network) = Network::by_name(name) else {
        eprintln!("no network is called {name}; there are tiny:SEED, random:SEED and");
        ottava_models::builtins().iter().for_each(|b| eprintln!("  {:20} {}", b.name, b.description));
        return ExitCode::FAILURE;
    };
    match std::fs::write(file, network.to_file()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {file}: {error}");
            ExitCode::FAILURE
        }
    }
}
