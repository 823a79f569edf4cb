//! Writes a built network to a file: `write_model NAME FILE`, where NAME is a builtin, `tiny:SEED`,
//! `random:SEED` or `mixed:SEED`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, file] = &arguments[..] else {
        eprintln!("usage: write_model NAME FILE");
        return ExitCode::FAILURE;
    };
    let Some(bytes) = ottava_models::file_by_name(name) else {
        eprintln!("no network is called {name}; there are tiny:SEED, random:SEED, mixed:SEED and");
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
