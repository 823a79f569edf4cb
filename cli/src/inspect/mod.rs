//! `ottava inspect`: what is in a model, and what the plan makes of it.

mod document;
mod memory;
mod ops;
mod text;

use std::io::Write;

use ottava::{Model, Plan};

use crate::args::{BackendArg, InspectArgs};
use crate::errors::Result;
use crate::{models, table};

/// Prints the model and its plan.
///
/// # Errors
/// The model cannot be opened or planned; unsupported operators are all named in the error.
pub fn execute(args: &InspectArgs, output: &mut dyn Write) -> Result<()> {
    let Some(name) = &args.model else {
        return Ok(output.write_all(ops::all(args).as_bytes())?);
    };
    if args.ops {
        return ops::of_model(name, args, output);
    }
    let model = models::open(name)?;
    if args.check {
        model.check_packed()?;
    }
    let plan = Plan::new(&model, &args.engine.options(BackendArg::Optimized))?;
    let text = match (args.memory, args.json) {
        (false, false) => text::text(&model, &plan),
        (false, true) => table::json(&document::document(&model, &plan)),
        (true, false) => memory::text(&model, &plan),
        (true, true) => table::json(&memory::document(&plan)),
    };
    output.write_all(text.as_bytes())?;
    Ok(())
}

/// Operators with the same name and version.
struct OperatorKind<'a> {
    name: &'a str,
    version: i32,
    count: usize,
    macs: u64,
}

/// The kinds of operators of a model, the most frequent first.
fn operator_kinds(model: &Model) -> Vec<OperatorKind<'_>> {
    let mut kinds: Vec<OperatorKind<'_>> = Vec::new();
    for operator in model.operators() {
        let macs = node_macs(model, operator.index);
        match kinds.iter_mut().find(|kind| kind.name == operator.name && kind.version == operator.version) {
            Some(kind) => (kind.count, kind.macs) = (kind.count + 1, kind.macs + macs),
            None => kinds.push(OperatorKind { name: &operator.name, version: operator.version, count: 1, macs }),
        }
    }
    kinds.sort_by(|a, b| (b.count, a.name).cmp(&(a.count, b.name)));
    kinds
}

/// Multiply-accumulates of an operator of the file.
fn node_macs(model: &Model, file_operator: usize) -> u64 {
    let graph = model.graph();
    graph.nodes.iter().filter(|node| node.file_operator == file_operator).map(|node| graph.node_macs(node)).sum()
}
