//! `ottava inspect --ops`: the operators of a model, or all that there are, and how each runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;

use ottava::{DType, FileOperator, Model, Plan, SupportedOperator};
use serde_json::json;

use crate::args::{BackendArg, InspectArgs};
use crate::errors::Result;
use crate::models;
use crate::table::{self, Align::Left, Align::Right};

/// What `LayerInfo::kernel` calls the plain loops.
const REFERENCE: &str = "reference";

/// All operators that Ottava runs.
pub fn all(args: &InspectArgs) -> String {
    let operators = ottava::supported_operators();
    if args.json {
        let one = |operator: &SupportedOperator| {
            json!({
                "name": operator.name,
                "code": operator.code,
                "max_version": operator.max_version,
                "optimized": names(operator.kernels),
                "reference": names(operator.reference),
            })
        };
        return table::json(&operators.iter().map(one).collect::<Vec<_>>());
    }
    let columns = [("operator", Left), ("up to version", Right), ("optimized", Left), ("reference only", Left)];
    let rows = operators.iter().map(|operator| {
        let version = operator.max_version.to_string();
        vec![
            operator.name.to_owned(),
            version,
            names(operator.kernels).join(", "),
            names(operator.reference).join(", "),
        ]
    });
    if args.markdown { markdown(&columns, rows) } else { table::render(&columns, rows) }
}

fn names(types: &[DType]) -> Vec<String> {
    types.iter().map(ToString::to_string).collect()
}

fn markdown(columns: &[(&str, table::Align)], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = |align| if align == Right { "---:" } else { "---" }.to_owned();
    let header: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let rules: Vec<String> = columns.iter().map(|&(_, align)| rule(align)).collect();
    [header, rules].into_iter().chain(rows).map(|cells| line(&cells)).collect()
}

/// How one operator of a model runs.
struct Row {
    operator: FileOperator,
    how: String,
}

/// The operators of a model. Operators that cannot run are in the list; the error that refuses the model follows it.
pub fn of_model(name: &OsStr, args: &InspectArgs, output: &mut dyn Write) -> Result<()> {
    let path = models::locate(name)?;
    let operators = Model::survey(&path)?;
    let planned = Model::open(&path).and_then(|model| Plan::new(&model, &args.engine.options(BackendArg::Optimized)));
    let kernels = planned.as_ref().map(kernels).unwrap_or_default();
    let how = |operator: &FileOperator| match (&operator.missing, kernels.get(&operator.info.index)) {
        (Some(why), _) => format!("not at all: {why}"),
        (None, Some(kernel)) if kernel == REFERENCE => "reference".to_owned(),
        (None, Some(kernel)) => format!("optimized: {kernel}"),
        (None, None) if planned.is_ok() => "at import".to_owned(),
        (None, None) => "supported".to_owned(),
    };
    let rows: Vec<Row> = operators.into_iter().map(|operator| Row { how: how(&operator), operator }).collect();
    output.write_all(if args.json { document(&rows) } else { text(&rows) }.as_bytes())?;
    planned?;
    Ok(())
}

/// The kernel of each operator of the file; several operators can share a layer.
fn kernels(plan: &Plan) -> BTreeMap<usize, String> {
    let layers = plan.layers().iter();
    layers.flat_map(|layer| layer.file_operators.iter().map(|&operator| (operator, layer.kernel.clone()))).collect()
}

fn types(operator: &FileOperator) -> String {
    let inputs = operator.inputs.iter().map(|dtype| dtype.map_or("none".to_owned(), |dtype| dtype.to_string()));
    format!("{} -> {}", inputs.collect::<Vec<_>>().join(", "), names(&operator.outputs).join(", "))
}

fn text(rows: &[Row]) -> String {
    let columns = [("#", Right), ("operator", Left), ("version", Right), ("types", Left), ("runs", Left)];
    let rows = rows.iter().map(|Row { operator, how }| {
        let info = &operator.info;
        vec![info.index.to_string(), info.name.clone(), info.version.to_string(), types(operator), how.clone()]
    });
    table::render(&columns, rows)
}

fn document(rows: &[Row]) -> String {
    let one = |Row { operator, how }: &Row| {
        json!({
            "index": operator.info.index,
            "name": operator.info.name,
            "version": operator.info.version,
            "inputs": operator.inputs.iter().map(|dtype| dtype.map(|dtype| dtype.to_string())).collect::<Vec<_>>(),
            "outputs": names(&operator.outputs),
            "supported": operator.missing.is_none(),
            "runs": how,
        })
    };
    table::json(&rows.iter().map(one).collect::<Vec<_>>())
}
