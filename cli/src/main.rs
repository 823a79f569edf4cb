//! The `ottava` command: measure, compare, run, classify, verify and inspect quantized `.tflite` networks.
//!
//! Each command is a module with one `execute`, which writes to the given output and returns the one error that stopped
//! it. Nothing here panics on what a user can do.
#![forbid(unsafe_code)]

mod affinity;
mod args;
mod bench;
mod classify;
mod compare;
mod errors;
mod files;
mod host;
mod inputs;
mod inspect;
mod kernels;
mod models;
mod npy;
mod pack;
mod precisions;
mod run;
mod stats;
mod table;
mod trace;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;
use errors::Result;

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let mut output = io::stdout().lock();
    match execute(&command, &mut output).and_then(|()| Ok(output.flush()?)) {
        Err(error) if !error.is_broken_pipe() => {
            // Standard error may be gone too; then there is nobody to tell.
            let _ = writeln!(io::stderr(), "error: {}", table::plain(&error.to_string()));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn execute(command: &Command, output: &mut dyn Write) -> Result<()> {
    // Before anything starts a thread.
    if let Some(cpus) = command.affinity()
        && let Err(why) = cpus.pin()
    {
        let _ = writeln!(io::stderr(), "warning: cannot keep to CPUs {cpus}: {why}");
    }
    match command {
        Command::Bench(args) => bench::execute(args, output),
        Command::Compare(args) => compare::execute(args, output),
        Command::Precisions(args) => precisions::execute(args, output),
        Command::Run(args) => run::execute(args, output),
        Command::Classify(args) => classify::execute(args, output),
        Command::Verify(args) => verify::execute(args, output),
        Command::Inspect(args) => inspect::execute(args, output),
        Command::Kernels(args) => kernels::execute(args, output),
        Command::Pack(args) => pack::execute(args, output),
    }
}
