//! `ottava kernels`: the kernel tables, and what this CPU gets; with a model, what each of its layers gets.

mod layers;

use std::io::Write;

use ottava::Isa;
use ottava_kernels::{self as kernels, KernelId, peak};

use crate::args::KernelsArgs;
use crate::errors::{CliError, Result};
use crate::host::Host;
use crate::models;
use crate::table::{self, Align::Left, Align::Right};

/// Prints the tables and, if asked, the peaks; or the table of a model's layers.
///
/// # Errors
/// `OTTAVA_ISA` names an instruction set that is unknown or not there; or the model cannot be run.
pub fn execute(args: &KernelsArgs, output: &mut dyn Write) -> Result<()> {
    if let Some(model) = &args.model {
        output.write_all(layers::text(&models::open(model)?)?.as_bytes())?;
        return Ok(());
    }
    let best = Isa::best().map_err(|error| CliError::request(error.to_string()))?;
    writeln!(output, "{}", Host::detect().line())?;
    writeln!(output, "default instruction set: {best}\n")?;
    output.write_all(isas(best, args.peak).as_bytes())?;
    writeln!(output)?;
    output.write_all(tables(best).as_bytes())?;
    Ok(())
}

fn isas(best: Isa, peaks: bool) -> String {
    let mut columns = vec![("isa", Left), ("this CPU", Left), ("activations", Left)];
    if peaks {
        columns.extend([("GMAC/s of one core", Right), ("of float32", Right)]);
    }
    let rows = Isa::ALL.into_iter().rev().map(|isa| {
        let stored = format!("{:?}", isa.storage()).to_lowercase();
        let mut row = vec![isa.to_string(), standing(isa, best).to_owned(), stored];
        if peaks {
            let cell = |measure: fn(Isa) -> f64| match isa.is_available() {
                true => format!("{:.1}", measure(isa) / 1e9),
                false => String::new(),
            };
            row.extend([cell(peak::measure), cell(peak::measure_float32)]);
        }
        row
    });
    table::render(&columns, rows)
}

fn standing(isa: Isa, best: Isa) -> &'static str {
    match isa.is_available() {
        true if isa == best => "default",
        true => "available",
        false => "",
    }
}

fn tables(best: Isa) -> String {
    let columns = [("family", Left), ("kernel", Left), ("isa", Left), ("this CPU", Left)];
    let row = |kernel: KernelId| {
        let isa = kernel.isa.map_or("any".to_owned(), |isa| isa.to_string());
        let used = kernels::used_by(kernel.family, best);
        let standing = kernel.isa.map_or("default", |isa| standing(isa, used.unwrap_or(best)));
        vec![kernel.family.to_owned(), kernel.name.to_string(), isa, standing.to_owned()]
    };
    table::render(&columns, kernels::all().into_iter().map(row))
}
