//! `ottava kernels`: the kernel tables, and what this CPU gets.

use std::io::Write;

use ottava::Isa;
use ottava_kernels as kernels;

use crate::args::KernelsArgs;
use crate::errors::{CliError, Result};
use crate::host::Host;
use crate::table::{self, Align::Left, Align::Right};

/// A line of a kernel table.
struct Kernel {
    family: &'static str,
    isa: Isa,
    name: String,
}

/// Prints the tables and, if asked, the peaks.
///
/// # Errors
/// `OTTAVA_ISA` names an instruction set that is unknown or not there.
pub fn execute(args: &KernelsArgs, output: &mut dyn Write) -> Result<()> {
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
    let row = |kernel: Kernel| {
        let standing = standing(kernel.isa, best).to_owned();
        vec![kernel.family.to_owned(), kernel.name, kernel.isa.to_string(), standing]
    };
    table::render(&columns, all().into_iter().map(row))
}

/// Every kernel of this build, family by family, best first.
fn all() -> Vec<Kernel> {
    let mut all = Vec::new();
    for table in kernels::gemm::KERNELS {
        for shape in table.shapes() {
            all.push(Kernel { family: "convolution", isa: table.isa(), name: table.name(shape) });
        }
    }
    let mut list = |family, isa, name: &str| all.push(Kernel { family, isa, name: name.to_owned() });
    kernels::depthwise::KERNELS.iter().for_each(|kernel| list("depthwise", kernel.isa(), kernel.name()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_a_kernel_for_every_available_instruction_set() {
        let all = all();
        let mut families: Vec<_> = all.iter().map(|kernel| kernel.family).collect();
        families.dedup();
        for family in families {
            for isa in Isa::available() {
                assert!(all.iter().any(|kernel| kernel.family == family && kernel.isa == isa), "{family} {isa}");
            }
        }
    }
}
