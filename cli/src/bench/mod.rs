//! `ottava bench`: how long a network takes, and where the time goes.

mod bandwidth;
mod cores;
mod epilogue;
pub mod export;
mod gaps;
mod measure;
mod report;
mod streams;

use std::io::{IsTerminal, Write};
use std::path::Path;

use clap::CommandFactory;
use clap::error::ErrorKind;

use self::gaps::Gaps;
use crate::args::{BenchArgs, Cli};
use crate::errors::Result;
use crate::files;

/// The file name that means standard output.
const STANDARD_OUTPUT: &str = "-";

/// Measures, prints and writes what was asked for.
///
/// # Errors
/// The model cannot be run, or a result cannot be written.
pub fn execute(args: &BenchArgs, output: &mut dyn Write) -> Result<()> {
    let to_output = |path: &Option<_>| path.as_deref() == Some(Path::new(STANDARD_OUTPUT));
    let (json_only, csv_only) = (to_output(&args.json), to_output(&args.csv));
    if json_only && csv_only {
        let message = "--json - and --csv - would both write to standard output";
        Cli::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    if let Some(asked) = &args.streams {
        let throughput = streams::measure(args, asked)?;
        if !json_only {
            output.write_all(throughput.text().as_bytes())?;
        }
        return match &args.json {
            Some(path) => write(path, &throughput.json(), json_only, output),
            None => Ok(()),
        };
    }
    let measured = measure::measure(args, std::io::stderr().is_terminal())?;
    let gaps = args.gaps.then(|| Gaps::of(&measured));
    if !json_only && !csv_only {
        output.write_all(report::text(&measured).as_bytes())?;
        output.write_all(cores::text(&cores::measure(args)?).as_bytes())?;
        if let Some(gaps) = &gaps {
            write!(output, "\n{}", gaps.text(&measured))?;
        }
    }
    if let Some(path) = &args.json {
        write(path, &export::json(&measured, gaps.as_ref()), json_only, output)?;
    }
    if let Some(path) = &args.csv {
        write(path, &export::csv(&measured), csv_only, output)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str, to_output: bool, output: &mut dyn Write) -> Result<()> {
    if to_output { Ok(output.write_all(text.as_bytes())?) } else { files::write(path, text.as_bytes()) }
}
