//! The report for people.

use std::fmt::Write;

use super::measure::Measured;
use crate::table::{self, Align::Left, Align::Right, counted};

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
    let file = if measured.file == measured.model { String::new() } else { format!("  ({})", measured.file) };
    lines.push(("model", format!("{}{file}, {}", measured.model, table::bytes(measured.memory.model_bytes))));
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
            table::macs(measured.macs()),
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
    lines.push(("peak", format!("{:.1} GMAC/s, {} on one core", measured.peak_macs_per_second / 1e9, measured.isa)));
    let (load, plan, first) = (measured.load_ms, measured.plan_ms, measured.first_ms);
    lines.push(("start", format!("load {load:.2} ms, plan {plan:.2} ms, first run {first:.2} ms")));
    lines.iter().fold(String::new(), |text, (name, value)| text + &format!("{name:<8}{value}\n"))
}

fn latency(measured: &Measured) -> String {
    let latency = &measured.latency_ms;
    let columns = ["runs", "min", "median", "mean", "sd", "p90", "p95", "p99", "max"].map(|name| (name, Right));
    let values = [latency.min, latency.median, latency.mean, latency.sd, latency.p90, latency.p95, latency.p99];
    let mut row = vec![latency.count.to_string()];
    row.extend(values.iter().chain([&latency.max]).map(|value| format!("{value:.3}")));
    let mut text = "Latency in ms\n".to_owned() + &table::render(&columns, [row]);
    let per_second = measured.batch as f64 / (latency.median * 1e-3).max(f64::MIN_POSITIVE);
    let rate = measured.macs() as f64 / measured.total_us().max(f64::MIN_POSITIVE) / 1e3;
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

/// The four columns at the end of a row: time, share, GMAC/s and share of the peak.
fn time_columns(measured: &Measured, tenths: i64, macs: u64) -> Vec<String> {
    let us = tenths as f64 / 10.0;
    let mut cells = vec![microseconds(tenths), format!("{:.2}", 100.0 * measured.share(us))];
    if macs > 0 && us > 0.0 {
        cells.push(format!("{:.1}", macs as f64 / us / 1e3));
        cells.push(format!("{:.1}", 100.0 * measured.share_of_peak(macs, us)));
    } else {
        cells.extend([String::new(), String::new()]);
    }
    cells
}

fn megamacs(macs: u64) -> String {
    if macs == 0 { String::new() } else { format!("{:.2}", macs as f64 / 1e6) }
}

fn layers(measured: &Measured) -> String {
    let columns = [
        ("#", Right),
        ("layer", Left),
        ("op", Left),
        ("kernel", Left),
        ("output", Left),
        ("MMAC", Right),
        ("us", Right),
        ("%", Right),
        ("GMAC/s", Right),
        ("% peak", Right),
    ];
    let tenths = Tenths::of(measured);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (layer, &time) in measured.layers.iter().zip(&tenths.layers) {
        let info = &layer.info;
        let texts = [info.index.to_string(), info.name.clone(), info.op.clone(), info.kernel.clone()];
        let mut row = texts.to_vec();
        row.extend([table::shape(&info.output_shape), megamacs(info.macs)]);
        row.extend(time_columns(measured, time, info.macs));
        rows.push(row);
    }
    for (name, time, macs) in [("[other]", tenths.other(), 0), ("[total]", tenths.total, measured.macs())] {
        let mut row = ["", name, "", "", ""].map(str::to_owned).to_vec();
        row.push(megamacs(macs));
        row.extend(time_columns(measured, time, macs));
        rows.push(row);
    }
    let title = format!("Layers: median over {}\n", counted(measured.latency_ms.count, "run"));
    let between = microseconds((measured.between_layers_us * 10.0).round() as i64);
    let note = format!("[other]: {between} us pass between the layers; by the rest the medians do not add up\n");
    title + &table::render(&columns, rows) + &note
}

fn by_operator(measured: &Measured) -> String {
    let columns = [
        ("operator", Left),
        ("layers", Right),
        ("MMAC", Right),
        ("us", Right),
        ("%", Right),
        ("GMAC/s", Right),
        ("% peak", Right),
    ];
    let tenths = Tenths::of(measured);
    // (operator, layers, multiply-accumulates, time), in the order of first appearance.
    let mut groups: Vec<(&str, usize, u64, i64)> = Vec::new();
    for (layer, &time) in measured.layers.iter().zip(&tenths.layers) {
        let position = groups.iter().position(|(op, ..)| *op == layer.info.op).unwrap_or_else(|| {
            groups.push((&layer.info.op, 0, 0, 0));
            groups.len() - 1
        });
        let (_, count, macs, sum) = &mut groups[position];
        (*count, *macs, *sum) = (*count + 1, *macs + layer.info.macs, *sum + time);
    }
    groups.sort_by_key(|(_, _, _, time)| std::cmp::Reverse(*time));
    groups.push(("[other]", 0, 0, tenths.other()));
    groups.push(("[total]", measured.layers.len(), measured.macs(), tenths.total));
    let rows = groups.into_iter().map(|(op, count, macs, time)| {
        let count = if count == 0 { String::new() } else { count.to_string() };
        let mut row = vec![op.to_owned(), count, megamacs(macs)];
        row.extend(time_columns(measured, time, macs));
        row
    });
    "By operator\n".to_owned() + &table::render(&columns, rows)
}
