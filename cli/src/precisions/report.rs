//! The result as text and as JSON.

use serde::Serialize;

use super::agreement::{Agreement, LIKELY};
use super::layers::Pair;
use super::{Comparison, Row};
use crate::args::PrecisionsArgs;
use crate::table::{self, Align::Left, Align::Right, counted};

/// What a cell shows where there is nothing to say.
const NOTHING: &str = "-";

/// The table of files, and that of layers where it was asked for.
pub fn text(args: &PrecisionsArgs, rows: &[Row]) -> String {
    let plan = &rows[0].form.plan;
    let inputs = match rows[0].agreement {
        Some(Agreement { pictures, .. }) => counted(pictures, "picture"),
        None => counted(args.inputs, "made-up input"),
    };
    let (isa, threads) = (plan.isa(), counted(plan.threads(), "thread"));
    let mut text = format!("{isa}, {threads}; {inputs}; latency: medians of {}\n", counted(args.rounds, "round"));
    text.push_str(&table::render(
        &[
            ("model", Left),
            ("precision", Left),
            ("size", Right),
            ("ms", Right),
            ("ratio", Right),
            ("peak memory", Right),
            ("output dB", Right),
            ("worst layer dB", Right),
            ("same class", Right),
            (&format!("in {LIKELY} likeliest"), Right),
            ("right", Right),
        ],
        rows.iter().map(|row| cells(row, &rows[0])),
    ));
    if args.layers {
        text.push('\n');
        text.push_str(&layers(rows));
    }
    text
}

fn cells(row: &Row, first: &Row) -> Vec<String> {
    let decibels = |of: fn(&Comparison) -> Option<f64>| row.comparison.as_ref().and_then(of);
    let percent = |count: fn(&Agreement) -> Option<usize>| {
        let agreement = row.agreement.as_ref();
        let of = |agreement: &Agreement| count(agreement).map(|count| format!("{:.1} %", agreement.percent(count)));
        agreement.and_then(of).unwrap_or_else(|| NOTHING.to_owned())
    };
    let others = |count: fn(&Agreement) -> Option<usize>| {
        if row.comparison.is_some() { percent(count) } else { NOTHING.to_owned() }
    };
    let peak = row.measured.peak_bytes.map_or(NOTHING.to_owned(), size);
    vec![
        row.form.name(),
        row.form.precision.to_owned(),
        size(row.form.file_bytes),
        format!("{:.2}", row.measured.latency_ms),
        format!("{:.2}", row.measured.latency_ms / first.measured.latency_ms),
        peak,
        ratio(decibels(|comparison| Some(comparison.output.decibels()))),
        ratio(decibels(|comparison| worst(&comparison.pairs).map(|pair| pair.noise.decibels()))),
        others(|agreement| Some(agreement.top1)),
        others(|agreement| Some(agreement.top5)),
        percent(|agreement| agreement.right),
    ]
}

/// A row for each operator that is compared, a column for each file but the first.
fn layers(rows: &[Row]) -> String {
    let first = &rows[0].form;
    let names: Vec<String> = rows[1..].iter().map(|row| row.form.name()).collect();
    let mut columns = vec![("operator", Left), ("tensor", Left)];
    columns.extend(names.iter().map(|name| (name.as_str(), Right)));
    let graph = first.model.graph();
    let of_nodes = graph.nodes.iter().flat_map(|node| node.outputs.iter().map(move |&tensor| (node, tensor)));
    let lines = of_nodes.filter_map(|(node, tensor)| {
        let find = |row: &Row| {
            let pair = row.comparison.as_ref()?.pairs.iter().find(|pair| pair.tensors[0] == tensor)?;
            Some(pair.noise.decibels())
        };
        let found: Vec<Option<f64>> = rows[1..].iter().map(find).collect();
        if found.iter().all(Option::is_none) {
            return None;
        }
        let operator = format!("{} {}", node.file_operator, node.operator.name());
        // A name is those of all operators that a converter has fused, the last one first.
        let name = graph.tensors[tensor].name.split(';').next().unwrap_or_default().to_owned();
        let mut line = vec![operator, name];
        line.extend(found.into_iter().map(ratio));
        Some(line)
    });
    format!("Signal to quantization noise in dB, against {}\n", first.name()) + &table::render(&columns, lines)
}

/// The pair with the most noise for its signal.
fn worst(pairs: &[Pair]) -> Option<&Pair> {
    pairs.iter().min_by(|a, b| a.noise.decibels().total_cmp(&b.noise.decibels()))
}

fn ratio(decibels: Option<f64>) -> String {
    match decibels {
        None => NOTHING.to_owned(),
        Some(f64::INFINITY) => "equal".to_owned(),
        Some(decibels) => format!("{decibels:.1}"),
    }
}

fn size(bytes: u64) -> String {
    table::bytes(usize::try_from(bytes).unwrap_or(usize::MAX))
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    isa: String,
    threads: usize,
    models: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    file: String,
    precision: &'a str,
    file_bytes: u64,
    latency_ms: f64,
    peak_rss_bytes: Option<u64>,
    /// `null` for the first file, and where nothing differs.
    output_decibels: Option<f64>,
    layers: Vec<LayerEntry<'a>>,
    pictures: Option<Agreement>,
}

#[derive(Serialize)]
struct LayerEntry<'a> {
    operator: usize,
    op: &'a str,
    /// `null` where nothing differs.
    decibels: Option<f64>,
}

/// One JSON object and a line break.
pub fn json(rows: &[Row]) -> String {
    let finite = |decibels: f64| decibels.is_finite().then_some(decibels);
    let layer = |pair: &Pair| LayerEntry {
        operator: pair.file_operator,
        op: pair.operator,
        decibels: finite(pair.noise.decibels()),
    };
    let entry = |row: &Row| Entry {
        file: table::path(&row.form.path),
        precision: row.form.precision,
        file_bytes: row.form.file_bytes,
        latency_ms: row.measured.latency_ms,
        peak_rss_bytes: row.measured.peak_bytes,
        output_decibels: row.comparison.as_ref().and_then(|comparison| finite(comparison.output.decibels())),
        layers: row.comparison.iter().flat_map(|comparison| comparison.pairs.iter().map(layer)).collect(),
        pictures: row.agreement,
    };
    let plan = &rows[0].form.plan;
    table::json(&Document {
        schema: "ottava-precisions-1",
        isa: plan.isa().to_string(),
        threads: plan.threads(),
        models: rows.iter().map(entry).collect(),
    })
}
