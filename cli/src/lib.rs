//! The `ottava` command: measure, compare, run, classify, verify and inspect quantized `.tflite` networks. It is a library so that
//! bindings can bring the command with them; [`run`] is all of it.
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

use std::ffi::OsString;
use std::io::{self, Write};

use args::{Cli, Command};
use clap::Parser;
use errors::Result;

/// Runs the command with these arguments, of which the first is the name that it was called by, on the standard streams of the process;
/// its exit code. Help, and what is wrong with the arguments, is written there too.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let Cli { command } = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Where nobody listens there is nobody to tell.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(1);
        }
    };
    let mut output = io::stdout().lock();
    match execute(&command, &mut output).and_then(|()| Ok(output.flush()?)) {
        Err(error) if !error.is_broken_pipe() => {
            // Standard error may be gone too; then there is nobody to tell.
            let _ = writeln!(io::stderr(), "error: {}", table::plain(&error.to_string()));
            1
        }
        _ => 0,
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
