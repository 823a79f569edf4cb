//! `ottava verify`: every instruction set against the reference, layer by layer.

mod compare;

use std::io::Write;
use std::thread;

use ottava::{Backend, Isa, Model, Plan, PlanOptions, Session, Winograd};

use crate::args::{IsaChoice, VerifyArgs};
use crate::errors::{CliError, Result};
use crate::inputs::{self, Pattern};
use crate::table::{self, Align::Left, Align::Right, counted, plain};
use crate::{host, models};
use compare::{Compared, Expected};

/// Compares and prints what was equal.
///
/// # Errors
/// The first difference, or the model cannot be run.
pub fn execute(args: &VerifyArgs, output: &mut dyn Write) -> Result<()> {
    let model = models::open(&args.model)?;
    model.check_packed()?;
    let mut passes = passes(args);
    let spinner = models::spinner(String::new());
    // Few inputs at a time: the reference keeps every tensor of each.
    let indices: Vec<usize> = (0..args.inputs).collect();
    for chunk in indices.chunks(host::cores()) {
        spinner.set_message("running the reference");
        let expected = reference(&model, chunk)?;
        for pass in &mut passes {
            spinner.set_message(format!("comparing {} on {}", pass.isa, counted(pass.threads, "thread")));
            pass.run(&model, &expected)?;
        }
    }
    spinner.finish_and_clear();
    output.write_all(report(args, &model, &passes).as_bytes())?;
    Ok(())
}

/// One instruction set and number of threads.
struct Pass {
    isa: Isa,
    threads: usize,
    winograd: Winograd,
    layers: usize,
    compared: Compared,
}

fn passes(args: &VerifyArgs) -> Vec<Pass> {
    let mut isas: Vec<Isa> = Vec::new();
    for choice in &args.isa {
        match choice {
            IsaChoice::All => isas.extend(Isa::available()),
            IsaChoice::One(isa) => isas.push(*isa),
        }
    }
    isas.sort();
    isas.dedup();
    let winograd = args.winograd.choice();
    let pass = |isa, &threads: &usize| Pass { isa, threads, winograd, layers: 0, compared: Compared::default() };
    isas.iter().flat_map(|&isa| args.threads.iter().map(move |threads| pass(isa, threads))).collect()
}

/// What the reference makes of these inputs, each on a thread of its own.
fn reference(model: &Model, indices: &[usize]) -> Result<Vec<Expected>> {
    let options = PlanOptions { backend: Backend::Reference, keep_intermediates: true, ..PlanOptions::default() };
    let plan = Plan::new(model, &options)?;
    thread::scope(|scope| {
        let plan = &plan;
        let start = |&index: &usize| scope.spawn(move || Expected::new(model, plan, index));
        let runs: Vec<_> = indices.iter().map(start).collect();
        let join = |run: thread::ScopedJoinHandle<'_, Result<Expected>>| {
            run.join().unwrap_or_else(|_| Err(CliError::request("the reference failed")))
        };
        runs.into_iter().map(join).collect()
    })
}

impl Pass {
    fn run(&mut self, model: &Model, expected: &[Expected]) -> Result<()> {
        for keep_intermediates in [true, false] {
            let (isa, threads) = (Some(self.isa), Some(self.threads));
            let options =
                PlanOptions { isa, threads, keep_intermediates, winograd: self.winograd, ..PlanOptions::default() };
            let plan = Plan::new(model, &options)?;
            let mut session = Session::new(&plan)?;
            for expected in expected {
                for (index, bytes) in expected.inputs.iter().enumerate() {
                    session.input_mut(index)?.copy_from_slice(bytes);
                }
                session.run()?;
                let comparison = compare::Comparison { model, session: &session, expected };
                let result = if keep_intermediates { comparison.layers(&mut self.compared) } else { Ok(()) };
                result
                    .and_then(|()| comparison.outputs(&mut self.compared))
                    .map_err(|error| self.failed(model, error))?;
            }
            self.layers = plan.layers().len();
        }
        Ok(())
    }

    fn failed(&self, model: &Model, error: CliError) -> CliError {
        let threads = counted(self.threads, "thread");
        CliError::file(model.name(), format!("differs from the reference on {}, {threads}: {error}", self.isa))
    }
}

/// The made-up inputs of a run, as bytes.
fn make_inputs(plan: &Plan, index: usize) -> Vec<Vec<u8>> {
    let make = |info: &ottava::TensorInfo| {
        let mut bytes = vec![0; info.size_bytes()];
        inputs::fill(&mut bytes, info, Pattern::of_index(index), index as u64);
        bytes
    };
    plan.inputs().iter().map(make).collect()
}

fn report(args: &VerifyArgs, model: &Model, passes: &[Pass]) -> String {
    let columns = [
        ("isa", Left),
        ("threads", Right),
        ("fused layers", Right),
        ("tensors compared", Right),
        ("outputs compared", Right),
        ("bytes", Right),
        ("", Left),
    ];
    let rows = passes.iter().map(|pass| {
        let Compared { tensors, outputs, bytes } = pass.compared;
        let numbers = [pass.threads, pass.layers, tensors, outputs].map(|number| number.to_string());
        let mut row = vec![pass.isa.to_string()];
        row.extend(numbers);
        row.extend([table::bytes(bytes), "equal".to_owned()]);
        row
    });
    let (count, operators) = (counted(args.inputs, "input"), counted(model.operators().len(), "operator"));
    let mut text = format!("{}: {operators}, {count} against the reference\n", plain(model.name()));
    text.push_str(&table::render(&columns, rows));
    let missing: Vec<&str> = Isa::ALL.iter().filter(|isa| !isa.is_available()).map(|isa| isa.name()).collect();
    if !missing.is_empty() {
        text.push_str(&format!("not compared, this CPU has none: {}\n", missing.join(", ")));
    }
    text
}
