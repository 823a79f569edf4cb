//! The results for programs: JSON and CSV.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gaps::Gaps;
use super::measure::{Layer as MeasuredLayer, Measured};
use crate::host::Host;
use crate::stats::Summary;

/// What `schema` says; it changes when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ottava-bench-1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    model: &'a str,
    file: &'a str,
    isa: String,
    backend: String,
    threads: usize,
    batch: usize,
    load_ms: f64,
    plan_ms: f64,
    first_ms: f64,
    latency_ms: Summary,
    layers: Vec<Layer<'a>>,
    other_us: f64,
    between_layers_us: f64,
    macs: u64,
    macs_in_range: u64,
    memory: Memory,
    peak_rss_bytes: Option<u64>,
    peak_macs_per_second: f64,
    peaks_macs_per_second: BTreeMap<String, f64>,
    share_of_peak: f64,
    idle_share: f64,
    gaps: Option<&'a Gaps>,
    host: &'a Host,
}

#[derive(Serialize)]
struct Layer<'a> {
    index: usize,
    name: &'a str,
    op: &'a str,
    kernel: &'a str,
    isa: Option<String>,
    file_operators: &'a [usize],
    output_shape: &'a [usize],
    macs: u64,
    macs_in_range: u64,
    median_us: f64,
    share: f64,
    share_of_peak: f64,
    idle_share: f64,
    notes: &'a str,
}

#[derive(Serialize)]
struct Memory {
    arena_bytes: usize,
    unshared_arena_bytes: usize,
    packed_weight_bytes: usize,
    model_bytes: usize,
}

/// One JSON object and a line break. Shares are parts of 1.
pub fn json(measured: &Measured, gaps: Option<&Gaps>) -> String {
    let layers = measured.layers.iter().map(|layer| Layer {
        index: layer.info.index,
        name: &layer.info.name,
        op: &layer.info.op,
        kernel: &layer.info.kernel,
        isa: layer.info.isa.map(|isa| isa.to_string()),
        file_operators: &layer.info.file_operators,
        output_shape: &layer.info.output_shape,
        macs: layer.info.macs,
        macs_in_range: layer.info.macs_in_range,
        median_us: layer.median_us,
        share: measured.share(layer.median_us),
        share_of_peak: ratio(measured.at_peak_us(layer), layer.median_us),
        idle_share: layer.idle_share,
        notes: &layer.info.notes,
    });
    let memory = &measured.memory;
    let peaks = measured.peaks.iter().map(|peak| (peak.products.to_string(), peak.macs_per_second));
    let document = Document {
        schema: SCHEMA,
        model: &measured.model,
        file: &measured.file,
        isa: measured.isa.to_string(),
        backend: measured.backend.to_string(),
        threads: measured.threads,
        batch: measured.batch,
        load_ms: measured.load_ms,
        plan_ms: measured.plan_ms,
        first_ms: measured.first_ms,
        latency_ms: measured.latency_ms,
        layers: layers.collect(),
        other_us: measured.other_us,
        between_layers_us: measured.between_layers_us,
        macs: measured.macs(),
        macs_in_range: measured.macs_in_range(),
        memory: Memory {
            arena_bytes: memory.arena_bytes,
            unshared_arena_bytes: memory.unshared_arena_bytes,
            packed_weight_bytes: memory.packed_weight_bytes,
            model_bytes: memory.model_bytes,
        },
        peak_rss_bytes: measured.peak_rss_bytes,
        peak_macs_per_second: measured.peaks[0].macs_per_second,
        peaks_macs_per_second: peaks.collect(),
        share_of_peak: ratio(measured.all_at_peak_us(), measured.total_us()),
        idle_share: measured.share(measured.all_idle_us()),
        gaps,
        host: &measured.host,
    };
    crate::table::json(&document)
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The layer table with a header line; the column `median_us` sums to the `[total]` row. Rates count taps in range.
pub fn csv(measured: &Measured) -> String {
    let columns = "index,name,op,kernel,output_shape,macs,macs_in_range,median_us,share,gmac_per_s,share_of_peak";
    let mut text = columns.to_owned() + ",idle_share\n";
    for layer in &measured.layers {
        text.push_str(&csv_layer(measured, layer));
    }
    let named = |name: &str| ["", name, "", "", ""].map(str::to_owned);
    text.push_str(&csv_row(measured, &named("[other]"), [0, 0], [measured.other_us, 0.0, 0.0]));
    let macs = [measured.macs(), measured.macs_in_range()];
    let times = [measured.total_us(), measured.all_at_peak_us(), measured.all_idle_us()];
    text.push_str(&csv_row(measured, &named("[total]"), macs, times));
    text
}

fn csv_layer(measured: &Measured, layer: &MeasuredLayer) -> String {
    let info = &layer.info;
    let texts = [
        info.index.to_string(),
        info.name.clone(),
        info.op.clone(),
        info.kernel.clone(),
        crate::table::shape(&info.output_shape),
    ];
    let times = [layer.median_us, measured.at_peak_us(layer), layer.idle_us()];
    csv_row(measured, &texts, [info.macs, info.macs_in_range], times)
}

/// A row of texts, multiply-accumulates (all and in range) and times (measured, at peak and idle).
fn csv_row(measured: &Measured, texts: &[String], macs: [u64; 2], [us, at_peak_us, idle_us]: [f64; 3]) -> String {
    let mut cells: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    cells.extend(macs.map(|count| count.to_string()));
    cells.push(format!("{us:.4}"));
    cells.push(format!("{:.6}", measured.share(us)));
    cells.push(format!("{:.3}", ratio(macs[1] as f64, us * 1e3)));
    cells.push(format!("{:.6}", ratio(at_peak_us, us)));
    cells.push(format!("{:.6}", ratio(idle_us, us)));
    cells.join(",") + "\n"
}

/// A cell as RFC 4180 has it: in quotes where it needs them.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_needed() {
        assert_eq!(quoted("CONV_2D #1+#2"), "CONV_2D #1+#2");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
