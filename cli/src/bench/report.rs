//! The report for people.

use std::fmt::Write;

use super::measure::{Layer, Measured, Peak};
use crate::table::{self, Align, Align::Left, Align::Right, counted, plain};

/// The whole report.
pub fn text(measured: &Measured) -> String {
    let mut text = head(measured);
    text.push('\n');
    text.push_str(&latency(measured));
    text.push('\n');
    text.push_str(&layers(measured));
    text.push('\n');
    text.push_str(&by_operator(measured));
    text
}

fn head(measured: &Measured) -> String {
    let mut lines = Vec::new();
    let file = if measured.file == measured.model { String::new() } else { format!("  ({})", plain(&measured.file)) };
    lines.push(("model", format!("{}{file}, {}", plain(&measured.model), table::bytes(measured.memory.model_bytes))));
    lines.push(("host", measured.host.line()));
    lines.push((
        "plan",
        format!(
            "{} backend, {}, {}, batch {}, {}, {}",
            measured.backend,
            measured.isa,
            counted(measured.threads, "thread"),
            measured.batch,
            counted(measured.layers.len(), "layer"),
            in_range(measured),
        ),
    ));
    let peak_rss = measured.peak_rss_bytes.map_or("unknown".to_owned(), |bytes| table::bytes(bytes as usize));
    lines.push((
        "memory",
        format!(
            "activations {}, packed weights {}, peak resident {peak_rss}",
            table::bytes(measured.memory.arena_bytes),
            table::bytes(measured.memory.packed_weight_bytes),
        ),
    ));
    let gmacs = |peak: &Peak| format!("{} {:.1} GMAC/s", peak.products, peak.macs_per_second / 1e9);
    let peaks = measured.peaks.iter().map(gmacs);
    lines.push(("peak", format!("{}, of one core", peaks.collect::<Vec<_>>().join(", "))));
    let (load, plan, first) = (measured.load_ms, measured.plan_ms, measured.first_ms);
    lines.push(("start", format!("load {load:.2} ms, plan {plan:.2} ms, first run {first:.2} ms")));
    lines.iter().fold(String::new(), |text, (name, value)| text + &format!("{name:<8}{value}\n"))
}

fn in_range(measured: &Measured) -> String {
    let (all, in_range) = (table::macs(measured.macs()), table::macs(measured.macs_in_range()));
    if all == in_range { all } else { format!("{all}, {in_range} in range") }
}

fn latency(measured: &Measured) -> String {
    let latency = &measured.latency_ms;
    let columns = ["runs", "min", "median", "mean", "sd", "p90", "p95", "p99", "max"].map(|name| (name, Right));
    let values = [latency.min, latency.median, latency.mean, latency.sd, latency.p90, latency.p95, latency.p99];
    let mut row = vec![latency.count.to_string()];
    row.extend(values.iter().chain([&latency.max]).map(|value| format!("{value:.3}")));
    let mut text = "Latency in ms\n".to_owned() + &table::render(&columns, [row]);
    let per_second = measured.batch as f64 / (latency.median * 1e-3).max(f64::MIN_POSITIVE);
    let rate = measured.macs_in_range() as f64 / measured.total_us().max(f64::MIN_POSITIVE) / 1e3;
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{per_second:.1} inferences per second, {rate:.1} GMAC/s");
    text
}

/// Times as they are printed: in whole tenths of a microsecond, so that the printed column sums to its total.
struct Tenths {
    total: i64,
    layers: Vec<i64>,
}

impl Tenths {
    fn of(measured: &Measured) -> Self {
        let tenths = |us: f64| (us * 10.0).round() as i64;
        let layers = measured.layers.iter().map(|layer| tenths(layer.median_us)).collect();
        Self { total: tenths(measured.total_us()), layers }
    }

    fn other(&self) -> i64 {
        self.total - self.layers.iter().sum::<i64>()
    }
}

fn microseconds(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

/// The columns at the end of a row: multiply-accumulates in range, time, share, GMAC/s, share of the peak and, with
/// several threads, the share of their time that they waited.
fn number_columns(measured: &Measured, row: &Row) -> Vec<String> {
    let us = row.tenths as f64 / 10.0;
    let mut cells = vec![megamacs(row.macs), microseconds(row.tenths), format!("{:.2}", 100.0 * measured.share(us))];
    if row.macs > 0 && us > 0.0 {
        cells.push(format!("{:.1}", row.macs as f64 / us / 1e3));
        cells.push(format!("{:.1}", 100.0 * row.at_peak_us / us));
    } else {
        cells.extend([String::new(), String::new()]);
    }
    if measured.threads > 1 {
        cells.push(row.idle_us.filter(|_| us > 0.0).map_or(String::new(), |idle| format!("{:.1}", 100.0 * idle / us)));
    }
    cells
}

/// The columns of [`number_columns`] after those of a table's own.
fn with_numbers<'a>(measured: &Measured, own: &[(&'a str, Align)]) -> Vec<(&'a str, Align)> {
    let numbers = ["MMAC", "us", "%", "GMAC/s", "% peak"].into_iter().chain((measured.threads > 1).then_some("idle %"));
    own.iter().copied().chain(numbers.map(|name| (name, Right))).collect()
}

/// What the numbers at the end of a row are made from.
#[derive(Clone, Copy, Default)]
struct Row {
    tenths: i64,
    /// Multiply-accumulates in range, and how long they take at peak.
    macs: u64,
    at_peak_us: f64,
    /// What threads waited in layers, shared out evenly; outside of layers it is not known.
    idle_us: Option<f64>,
}

impl Row {
    fn of(measured: &Measured, layer: &Layer, tenths: i64) -> Self {
        let (at_peak_us, idle_us) = (measured.at_peak_us(layer), Some(layer.idle_us()));
        Self { tenths, macs: layer.info.macs_in_range, at_peak_us, idle_us }
    }

    /// `[other]` and `[total]`.
    fn ends(measured: &Measured, tenths: &Tenths) -> [(&'static str, Self); 2] {
        let other = Self { tenths: tenths.other(), ..Self::default() };
        let (macs, at_peak_us) = (measured.macs_in_range(), measured.all_at_peak_us());
        let idle_us = Some(measured.all_idle_us());
        [("[other]", other), ("[total]", Self { tenths: tenths.total, macs, at_peak_us, idle_us })]
    }
}

fn megamacs(macs: u64) -> String {
    if macs == 0 { String::new() } else { format!("{:.2}", macs as f64 / 1e6) }
}

fn layers(measured: &Measured) -> String {
    let own = [("#", Right), ("layer", Left), ("op", Left), ("kernel", Left), ("output", Left)];
    let columns = with_numbers(measured, &own);
    let tenths = Tenths::of(measured);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (layer, &time) in measured.layers.iter().zip(&tenths.layers) {
        let info = &layer.info;
        let texts = [info.index.to_string(), info.name.clone(), info.op.clone(), info.kernel.clone()];
        let mut row = texts.to_vec();
        row.push(table::shape(&info.output_shape));
        row.extend(number_columns(measured, &Row::of(measured, layer, time)));
        rows.push(row);
    }
    for (name, end) in Row::ends(measured, &tenths) {
        let mut row = ["", name, "", "", ""].map(str::to_owned).to_vec();
        row.extend(number_columns(measured, &end));
        rows.push(row);
    }
    let title = format!("Layers: median over {}\n", counted(measured.latency_ms.count, "run"));
    let between = microseconds((measured.between_layers_us * 10.0).round() as i64);
    let note = format!("[other]: {between} us pass between the layers; by the rest the medians do not add up\n");
    title + &table::render(&columns, rows) + &note
}

fn by_operator(measured: &Measured) -> String {
    let columns = with_numbers(measured, &[("operator", Left), ("layers", Right)]);
    let tenths = Tenths::of(measured);
    // (operator, layers, numbers), in the order of first appearance.
    let mut groups: Vec<(&str, usize, Row)> = Vec::new();
    for (layer, &time) in measured.layers.iter().zip(&tenths.layers) {
        let position = groups.iter().position(|(op, ..)| *op == layer.info.op).unwrap_or_else(|| {
            groups.push((&layer.info.op, 0, Row::default()));
            groups.len() - 1
        });
        let (_, count, sum) = &mut groups[position];
        let row = Row::of(measured, layer, time);
        *count += 1;
        sum.tenths += row.tenths;
        sum.macs += row.macs;
        sum.at_peak_us += row.at_peak_us;
        sum.idle_us = Some(sum.idle_us.unwrap_or(0.0) + layer.idle_us());
    }
    groups.sort_by_key(|(_, _, sum)| std::cmp::Reverse(sum.tenths));
    let [(other, left), (total, all)] = Row::ends(measured, &tenths);
    groups.extend([(other, 0, left), (total, measured.layers.len(), all)]);
    let rows = groups.into_iter().map(|(op, count, sum)| {
        let count = if count == 0 { String::new() } else { count.to_string() };
        let mut row = vec![op.to_owned(), count];
        row.extend(number_columns(measured, &sum));
        row
    });
    "By operator\n".to_owned() + &table::render(&columns, rows)
}
