//! Runs a model once to warm up and once more, and prints where the time went.
//!
//! ```text
//! cargo run --release -p ottava --example profile -- MODEL.tflite [THREADS]
//! ```

use std::process::ExitCode;

use ottava::{Model, Plan, PlanOptions, Result, Session};

fn profile(path: &str, threads: Option<usize>) -> Result<()> {
    let model = Model::open(path)?;
    let plan = Plan::new(&model, &PlanOptions { threads, ..PlanOptions::default() })?;
    let mut session = Session::new(&plan)?;
    session.run()?;
    session.run()?;
    let profile = session.profile();
    for (layer, time) in plan.layers().iter().zip(&profile.layers) {
        let micros = time.as_secs_f64() * 1e6;
        let giga_macs = layer.macs as f64 / time.as_secs_f64().max(1e-9) / 1e9;
        println!("{micros:9.1} us {giga_macs:7.1} GMAC/s  {:32} {}", layer.kernel, layer.name);
    }
    println!("{:9.1} us in all on {} with {} threads", profile.total.as_secs_f64() * 1e6, plan.isa(), plan.threads());
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: profile MODEL.tflite [THREADS]");
        return ExitCode::from(2);
    };
    match profile(&path, arguments.next().and_then(|threads| threads.parse().ok())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
