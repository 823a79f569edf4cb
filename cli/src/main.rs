//! The `ottava` command.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ottava_cli::run(std::env::args_os()).into()
}
