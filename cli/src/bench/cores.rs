//! Each kind of cores for itself, on CPUs that have fast and slow ones.

use std::fs;

use ottava::{Model, Plan, PlanOptions, Session};

use super::measure::{Samples, fill, options};
use crate::affinity::{CpuList, kinds};
use crate::args::BenchArgs;
use crate::errors::Result;
use crate::models;
use crate::stats::median;
use crate::table::{self, Align::Left, Align::Right};

/// What a network takes on the cores of one kind.
pub struct Cores {
    cpus: CpuList,
    threads: usize,
    median_ms: f64,
}

/// Measures the network on each kind of cores, with a thread for each of them, or as many as were asked for. Nothing where
/// there is one kind, or threads cannot be kept to it.
///
/// # Errors
/// The model cannot be opened, planned or run.
pub fn measure(args: &BenchArgs) -> Result<Vec<Cores>> {
    let Some(allowed) = CpuList::current() else { return Ok(Vec::new()) };
    let kinds = kinds(&allowed, |path| fs::read_to_string(path).ok());
    if kinds.len() < 2 {
        return Ok(Vec::new());
    }
    let model = Model::open(models::locate(args.model())?)?;
    let measured = of_kinds(kinds, &model, &options(args), args);
    // It was allowed before.
    let _ = allowed.pin();
    measured
}

fn of_kinds(kinds: Vec<CpuList>, model: &Model, options: &PlanOptions, args: &BenchArgs) -> Result<Vec<Cores>> {
    let mut all = Vec::new();
    for cpus in kinds {
        if cpus.pin().is_err() {
            continue;
        }
        let threads = options.threads.unwrap_or(cpus.len()).min(cpus.len());
        // A session of its own: its threads start on these cores.
        let plan = Plan::new(model, &PlanOptions { threads: Some(threads), ..options.clone() })?;
        let mut session = Session::new(&plan)?;
        fill(&mut session)?;
        for _ in 0..=args.warmup {
            session.run()?;
        }
        let samples = Samples::take(&mut session, args, false)?;
        all.push(Cores { cpus, threads, median_ms: median(&samples.totals_ms) });
    }
    Ok(all)
}

/// The table of all kinds; nothing where none was measured.
pub fn text(all: &[Cores]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let columns = [("cores", Left), ("threads", Right), ("median ms", Right)];
    let rows = all
        .iter()
        .map(|cores| vec![cores.cpus.to_string(), cores.threads.to_string(), format!("{:.3}", cores.median_ms)]);
    "\nBy kind of cores\n".to_owned() + &table::render(&columns, rows)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn each_kind_has_its_row() {
        let Some(allowed) = CpuList::current() else { return };
        let Command::Bench(args) = Cli::parse_from(["ottava", "bench", "tiny", "--runs", "2", "--warmup", "0"]).command
        else {
            panic!("bench was parsed as another command");
        };
        let model = Model::from_bytes(ottava_models::tiny(1), "tiny").unwrap();
        // As if the machine's CPUs were of two kinds.
        let measured =
            of_kinds(vec![allowed.clone(), allowed.clone()], &model, &PlanOptions::default(), &args).unwrap();
        let text = text(&measured);
        assert!(text.lines().filter(|line| line.starts_with(&allowed.to_string())).count() == measured.len(), "{text}");
        assert!(super::text(&[]).is_empty());
    }
}
