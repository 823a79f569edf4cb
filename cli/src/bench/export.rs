//! The results for programs: JSON and CSV.

use serde::Serialize;

use super::measure::Measured;
use crate::host::Host;
use crate::stats::Summary;

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    file: &'a str,
    isa: &'a str,
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
    memory: Memory,
    peak_rss_bytes: Option<u64>,
    peak_macs_per_second: f64,
    host: &'a Host,
}

#[derive(Serialize)]
struct Layer<'a> {
    index: usize,
    name: &'a str,
    op: &'a str,
    kernel: &'a str,
    file_operators: &'a [usize],
    output_shape: &'a [usize],
    macs: u64,
    median_us: f64,
    share: f64,
    share_of_peak: f64,
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
pub fn json(measured: &Measured) -> String {
    let layers = measured.layers.iter().map(|layer| Layer {
        index: layer.info.index,
        name: &layer.info.name,
        op: &layer.info.op,
        kernel: &layer.info.kernel,
        file_operators: &layer.info.file_operators,
        output_shape: &layer.info.output_shape,
        macs: layer.info.macs,
        median_us: layer.median_us,
        share: measured.share(layer.median_us),
        share_of_peak: measured.share_of_peak(layer.info.macs, layer.median_us),
        notes: &layer.info.notes,
    });
    let memory = &measured.memory;
    let document = Document {
        model: &measured.model,
        file: &measured.file,
        isa: &measured.isa,
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
        memory: Memory {
            arena_bytes: memory.arena_bytes,
            unshared_arena_bytes: memory.unshared_arena_bytes,
            packed_weight_bytes: memory.packed_weight_bytes,
            model_bytes: memory.model_bytes,
        },
        peak_rss_bytes: measured.peak_rss_bytes,
        peak_macs_per_second: measured.peak_macs_per_second,
        host: &measured.host,
    };
    crate::table::json(&document)
}

/// The layer table with a header line; the column `median_us` sums to the `[total]` row.
pub fn csv(measured: &Measured) -> String {
    let mut text = "index,name,op,kernel,output_shape,macs,median_us,share,gmac_per_s,share_of_peak\n".to_owned();
    for layer in &measured.layers {
        let info = &layer.info;
        let texts = [
            info.index.to_string(),
            info.name.clone(),
            info.op.clone(),
            info.kernel.clone(),
            crate::table::shape(&info.output_shape),
        ];
        text.push_str(&csv_row(measured, &texts, info.macs, layer.median_us));
    }
    let named = |name: &str| ["", name, "", "", ""].map(str::to_owned);
    text.push_str(&csv_row(measured, &named("[other]"), 0, measured.other_us));
    text.push_str(&csv_row(measured, &named("[total]"), measured.macs(), measured.total_us()));
    text
}

fn csv_row(measured: &Measured, texts: &[String], macs: u64, us: f64) -> String {
    let rate = if us > 0.0 { macs as f64 / us / 1e3 } else { 0.0 };
    let mut cells: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    cells.push(macs.to_string());
    cells.push(format!("{us:.4}"));
    cells.push(format!("{:.6}", measured.share(us)));
    cells.push(format!("{rate:.3}"));
    cells.push(format!("{:.6}", measured.share_of_peak(macs, us)));
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
