//! `ottava kernels`: the kernel tables, and what this CPU gets; with a model, what each of its layers gets.

mod layers;

use std::io::Write;

use ottava::Isa;
use ottava_kernels::{self as kernels, KernelId};

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

fn isas(best: Isa, peak: bool) -> String {
    let mut columns = vec![("isa", Left), ("this CPU", Left), ("activations", Left)];
    if peak {
        columns.push(("GMAC/s of one core", Right));
    }
    let rows = Isa::ALL.into_iter().rev().map(|isa| {
        let stored = format!("{:?}", isa.storage()).to_lowercase();
        let mut row = vec![isa.to_string(), standing(isa, best).to_owned(), stored];
        if peak {
            let measure = || format!("{:.1}", kernels::peak::measure(isa) / 1e9);
            row.push(if isa.is_available() { measure() } else { String::new() });
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
    let all = kernels::all();
    let row = |kernel: &KernelId| {
        let isa = kernel.isa.map_or("any".to_owned(), |isa| isa.to_string());
        let standing = kernel.isa.map_or("default", |isa| standing(isa, family_best(&all, kernel.family, best)));
        vec![kernel.family.to_owned(), kernel.name.to_string(), isa, standing.to_owned()]
    };
    table::render(&columns, all.iter().map(row))
}

/// The instruction set whose kernels a family uses where `best` is chosen, which may have none of its own.
fn family_best(all: &[KernelId], family: &str, best: Isa) -> Isa {
    let of_family = || all.iter().filter(|kernel| kernel.family == family).filter_map(|kernel| kernel.isa);
    of_family().find(|&isa| isa == best).or_else(|| of_family().find(|&isa| best.includes(isa))).unwrap_or(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_a_kernel_for_every_available_instruction_set() {
        let all = kernels::all();
        let mut families: Vec<_> = all.iter().map(|kernel| kernel.family).collect();
        families.dedup();
        assert!(families.len() >= 10);
        for family in families {
            for isa in Isa::available() {
                let runs = |kernel: &KernelId| kernel.isa.is_none_or(|needed| isa.includes(needed));
                assert!(all.iter().any(|kernel| kernel.family == family && runs(kernel)), "{family} {isa}");
            }
        }
    }

    #[test]
    fn a_kernel_of_an_instruction_set_has_it_in_its_name() {
        for kernel in kernels::all() {
            let named = kernel.name.split('_').find_map(|word| word.parse::<Isa>().ok());
            assert_eq!(named, kernel.isa, "{}", kernel.name);
        }
    }

    #[test]
    fn a_family_without_kernels_of_its_own_uses_what_is_included() {
        let all = kernels::all();
        for isa in Isa::available() {
            let used = family_best(&all, "softmax", isa);
            assert_eq!(used, isa, "portable families have no instruction set");
            assert!(isa.includes(family_best(&all, "pooling", isa)));
        }
    }
}
