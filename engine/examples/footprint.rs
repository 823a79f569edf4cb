//! What a program takes that only embeds the engine: goes from step to step, so that what starts it can look at its time and memory.
//!
//! ```text
//! cargo run --release -p ottava --example footprint -- MODEL THREADS [ISA]
//! ```
//!
//! After the first result and after each further one it prints a line, and waits for a line: each makes one more session of the same
//! plan, which runs once. It ends with its input. `tools/measure-footprint.py` is what looks.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use ottava::{Model, Plan, PlanOptions, Session};

/// A session that has run once.
fn first_run(plan: &Plan) -> Result<Session, Box<dyn Error>> {
    let mut session = Session::new(plan)?;
    for index in 0..session.inputs().len() {
        let bytes = session.input_mut(index)?;
        bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 31 % 251) as u8);
    }
    session.run()?;
    Ok(session)
}

fn steps(model: &str, threads: &str, isa: Option<&String>) -> Result<(), Box<dyn Error>> {
    let isa = isa.map(|isa| isa.parse()).transpose()?;
    let options = PlanOptions { threads: Some(threads.parse()?), isa, ..PlanOptions::default() };
    let plan = Plan::new(&Model::open(model)?, &options)?;
    let mut sessions = vec![first_run(&plan)?];
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let memory = plan.memory();
        writeln!(output, "{} {} {}", sessions.len(), memory.packed_weight_bytes, memory.arena_bytes)?;
        output.flush()?;
        if input.read_line(&mut String::new())? == 0 {
            return Ok(());
        }
        sessions.push(first_run(&plan)?);
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, threads, rest @ ..] = &arguments[..] else {
        eprintln!("usage: footprint MODEL THREADS [ISA]");
        return ExitCode::from(2);
    };
    match steps(model, threads, rest.first()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
