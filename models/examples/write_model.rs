//! Writes a built network to a file: `write_model NAME FILE`, where NAME is a builtin, `tiny:SEED` or `random:SEED`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, file] = &arguments[..] else {
        eprintln!("usage: write_model NAME FILE");
        return ExitCode::FAILURE;
    };
    let Some(bytes) = build(name) else {
        eprintln!("no network is called {name}; there are tiny:SEED, random:SEED and");
        ottava_models::builtins().iter().for_each(|b| eprintln!("  {:20} {}", b.name, b.description));
        return ExitCode::FAILURE;
    };
    match std::fs::write(file, bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write {file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn build(name: &str) -> Option<Vec<u8>> {
    match name.split_once(':') {
        Some(("tiny", seed)) => seed.parse().ok().map(ottava_models::tiny),
        Some(("random", seed)) => seed.parse().ok().map(ottava_models::random_network),
        _ => ottava_models::builtin(name).map(|b| b.build()),
    }
}
