//! `ottava pack`: a model with its weights as kernels take them.

use std::io::Write;

use ottava::{Isa, Kept, Model, Plan, PlanOptions};

use crate::args::{PackArgs, PackIsa};
use crate::errors::{CliError, Result};
use crate::{models, table};

/// Writes the packed model, and says what is in it.
///
/// # Errors
/// The model cannot be opened or planned, this CPU lacks an instruction set, or the file cannot be written.
pub fn execute(args: &PackArgs, output: &mut dyn Write) -> Result<()> {
    let model = models::open(&args.model)?;
    let mut plans = Vec::new();
    for isa in instruction_sets(&args.isa)? {
        let isa = isa.require().map_err(|error| CliError::request(format!("{error}, and packs only for those")))?;
        let options = PlanOptions { isa: Some(isa), winograd: args.winograd.choice(), ..PlanOptions::default() };
        plans.push(Plan::new(&model, &options)?);
    }
    let kept = if args.strip { Kept::WithoutPackedWeights } else { Kept::Everything };
    ottava::save_plans(&plans.iter().collect::<Vec<_>>(), kept, &args.output)?;
    let packed = Model::open(&args.output)?;
    let (path, size) = (table::path(&args.output), table::bytes(packed.size_bytes()));
    writeln!(output, "{path}: {size}, packed for {}", sections(&packed))?;
    Ok(())
}

/// What a model is packed for.
pub fn sections(model: &Model) -> String {
    let section = |section: ottava::PackedSection| format!("{section} ({})", table::bytes(section.size_bytes));
    model.packed_sections().into_iter().map(section).collect::<Vec<_>>().join(", ")
}

/// The instruction sets, each once, weakest first.
fn instruction_sets(asked: &[PackIsa]) -> Result<Vec<Isa>> {
    let mut isas = Vec::new();
    for isa in asked {
        match isa {
            PackIsa::Native => isas.push(Isa::best().map_err(|error| CliError::request(error.to_string()))?),
            PackIsa::All => isas.extend(Isa::available()),
            PackIsa::One(isa) => isas.push(*isa),
        }
    }
    isas.sort();
    isas.dedup();
    Ok(isas)
}
