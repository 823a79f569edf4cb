//! Arguments of `ottava bench`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use super::numbers::{batch, runs, seconds, threads};
use super::{BackendArg, EngineArgs};

/// Measure a network: latency, and where the time goes layer by layer
///
/// Prints load and plan time, the first run, statistics over all timed runs, a table of the layers and a summary by
/// operator type. The input is random bytes of a fixed seed.
///
/// How to read the layer table: a layer's time is its median over all timed runs, and `[other]` is what these leave of
/// the median run, so the column sums to the median latency exactly. It is the time between layers, which is told below
/// the table, and that by which medians do not add up: on a busy machine, where every run is interrupted in some layer,
/// the latter can be large. `peak` compares a layer's multiply-accumulates per second with what the dot-product
/// instruction of its kernel's instruction set reaches on one core of this machine, measured before and after, times
/// the number of threads. Multiply-accumulates are those whose taps lie inside the image, as the kernels skip padding; the
/// line `plan` also has the usual count, padding included.
///
/// On CPUs with fast and slow cores, each kind is measured for itself as well, with a thread for each of its cores.
/// `--graph=MODEL --num_threads=N --num_runs=N --warmup_runs=N --enable_op_profiling=true` are understood too.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  ottava bench inception-v3 --threads 1
  ottava bench net.tflite --isa avx2 --runs 200 --csv layers.csv
  ottava bench inception-v3 --threads 1 --gaps
  ottava bench net.tflite --streams auto
  ottava bench net.tflite --streams 2,4 --threads 2
  ottava bench net.tflite --batch 8 --json - | jq .latency_ms.median")]
pub struct BenchArgs {
    /// Path of a .tflite or .ottava file or built-in name
    #[arg(required_unless_present = "graph")]
    pub model: Option<OsString>,
    /// The same, as other benchmarks of .tflite files spell it
    #[arg(long, value_name = "MODEL", conflicts_with = "model")]
    pub graph: Option<OsString>,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Backend to measure
    #[arg(long, value_enum, default_value_t)]
    pub backend: BackendArg,
    /// Time exactly N runs
    #[arg(long, alias = "num_runs", value_name = "N", value_parser = runs, conflicts_with = "min_time")]
    pub runs: Option<usize>,
    /// Time runs for S seconds, at least one
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "2")]
    pub min_time: f64,
    /// Runs before the timed ones, after the first
    #[arg(long, alias = "warmup_runs", value_name = "N", default_value_t = 3)]
    pub warmup: usize,
    /// Taken for the sake of scripts: the table of layers is always there
    #[arg(long = "enable_op_profiling", value_name = "BOOL", hide = true)]
    pub enable_op_profiling: Option<bool>,
    /// Inputs per run [default: the model's own]
    #[arg(long, value_name = "N", value_parser = batch)]
    pub batch: Option<usize>,
    /// Also tell where the time goes: each layer against its dot products at peak, and what the rest is spent on
    #[arg(long)]
    pub gaps: bool,
    /// Measure N sessions of one plan that run at the same time, instead of layers: images a second and latency; `auto` is a
    /// table of all streams and threads that the cores have room for, and what is best
    #[arg(long, value_name = "N,...|auto", conflicts_with_all = ["gaps", "csv"])]
    pub streams: Option<Streams>,
    /// Write the results as JSON; `-` is standard output, which then carries nothing else
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the layer table as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Also write when and on which thread each task of one more run was executed, as a trace for Perfetto (ui.perfetto.dev)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

impl BenchArgs {
    /// The model, whichever way it was given.
    pub fn model(&self) -> &OsStr {
        self.model.as_ref().or(self.graph.as_ref()).map_or(OsStr::new(""), OsString::as_os_str)
    }
}

/// How many sessions run at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streams {
    Auto,
    These(Vec<usize>),
}

impl FromStr for Streams {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            Ok(Self::Auto)
        } else {
            text.split(',').map(threads).collect::<Result<_, _>>().map(Self::These)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn bench_takes_the_spellings_of_other_benchmarks() {
        let parse = |arguments: &str| Cli::try_parse_from(arguments.split(' '));
        let others =
            "ottava bench --graph=m.tflite --num_threads=3 --num_runs=7 --warmup_runs=1 --enable_op_profiling=true";
        let Command::Bench(args) = parse(others).unwrap().command else {
            panic!("bench was parsed as another command")
        };
        assert_eq!((args.model(), args.engine.threads), (OsStr::new("m.tflite"), Some(3)));
        assert_eq!((args.runs, args.warmup), (Some(7), 1));
        let Command::Bench(args) = parse("ottava bench m.tflite --threads 2").unwrap().command else {
            panic!("bench was parsed as another command")
        };
        assert_eq!((args.model(), args.engine.threads), (OsStr::new("m.tflite"), Some(2)));
        assert!(parse("ottava bench").is_err() && parse("ottava bench a --graph=b").is_err());
    }
}
