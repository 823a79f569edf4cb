//! Latency and resident memory, each file in a process of its own.

use std::process::{Command, Stdio};

use serde::Deserialize;

use super::form::Form;
use crate::args::PrecisionsArgs;
use crate::errors::{CliError, Result};
use crate::stats::median;

/// What `ottava bench` says of a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// The median of the rounds' medians.
    pub latency_ms: f64,
    /// The most of all rounds, where the system tells.
    pub peak_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Bench {
    latency_ms: Latency,
    peak_rss_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Latency {
    median: f64,
}

/// Measures all files, one after the other, round by round, so that a slow minute of the machine meets all of them.
///
/// # Errors
/// A file cannot be measured.
pub fn measure(forms: &[Form], args: &PrecisionsArgs, progress: impl Fn(usize)) -> Result<Vec<Measured>> {
    let mut rounds: Vec<Vec<Bench>> = forms.iter().map(|_| Vec::new()).collect();
    for round in 0..args.rounds {
        progress(round);
        for (form, of_form) in forms.iter().zip(&mut rounds) {
            of_form.push(bench(form, args)?);
        }
    }
    let summary = |of_form: &Vec<Bench>| {
        let medians: Vec<f64> = of_form.iter().map(|bench| bench.latency_ms.median).collect();
        let peak_bytes = of_form.iter().filter_map(|bench| bench.peak_rss_bytes).max();
        Measured { latency_ms: median(&medians), peak_bytes }
    };
    Ok(rounds.iter().map(summary).collect())
}

/// One measurement: this command again, as the instruction set, the threads and the rest of the plan were.
fn bench(form: &Form, args: &PrecisionsArgs) -> Result<Bench> {
    let cause = |cause: String| CliError::file(&form.path, format!("cannot be measured: {cause}"));
    let this = std::env::current_exe().map_err(|error| cause(format!("this command's file: {error}")))?;
    let mut command = Command::new(this);
    command.arg("bench").arg(&form.path).args(["--json", "-", "--min-time", &args.min_time.to_string()]);
    command.args(["--isa", form.plan.isa().name(), "--threads", &form.plan.threads().to_string()]);
    command.args(["--winograd", args.engine.winograd.name()]);
    if let Some(cpus) = &args.engine.affinity {
        command.args(["--affinity", &cpus.to_string()]);
    }
    let output = command.stdin(Stdio::null()).output().map_err(|error| cause(error.to_string()))?;
    if !output.status.success() {
        return Err(cause(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| cause(error.to_string()))
}
