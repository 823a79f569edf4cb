//! `ottava bench`: columns that sum, JSON that programs can rely on.

mod common;

use std::fs;

use common::{Tiny, finish, ottava};
use serde_json::Value;

fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// The number in the column that ends where the header's word ends.
fn column(line: &str, header: &str, name: &str) -> f64 {
    let end = header.chars().take(header.find(name).unwrap() + name.len()).count();
    let cell: String = line.chars().take(end).collect();
    cell.rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("no number under {name}: {line}"))
}

/// The rows below a header that holds `word`, up to `[total]`.
fn table<'a>(text: &'a str, word: &str) -> (&'a str, Vec<&'a str>, &'a str) {
    let lines: Vec<&str> = text.lines().collect();
    let header = lines.iter().position(|line| line.contains(word) && line.contains("GMAC/s")).expect("a header");
    let total = header + lines[header..].iter().position(|line| line.contains("[total]")).expect("a total");
    (lines[header], lines[header + 2..total].to_vec(), lines[total])
}

#[test]
fn the_time_columns_sum_to_the_median() {
    let tiny = Tiny::new();
    let text = ottava(["bench", &tiny.model(), "--runs", "7", "--threads", "2"]).ok().stdout;
    for word in ["kernel", "layers"] {
        let (header, rows, total) = table(&text, word);
        let tenths = |line: &str| (column(line, header, " us") * 10.0).round() as i64;
        let sum: i64 = rows.iter().map(|row| tenths(row)).sum();
        assert_eq!(sum, tenths(total), "{text}");
        assert!(rows.last().unwrap().contains("[other]"), "{text}");
        assert!((0.0..=100.0).contains(&column(total, header, "idle %")), "{text}");
    }
    for word in ["host", "load", "plan", "first run", "median", "p99", "peak resident", "% peak", "between the layers"]
    {
        assert!(text.contains(word), "{word}\n{text}");
    }
    let latency = text.lines().find(|line| line.starts_with("   7 ")).expect("seven runs");
    assert_eq!(cells(latency).len(), 9);
}

#[test]
fn json_alone_on_standard_output_has_the_keys() {
    let tiny = Tiny::new();
    let ran = ottava(["bench", &tiny.model(), "--min-time", "0.05", "--batch", "2", "--json", "-"]).ok();
    let value: Value = serde_json::from_str(&ran.stdout).expect("nothing but JSON");
    for key in ["model", "isa", "threads", "batch", "load_ms", "plan_ms", "first_ms", "peak_rss_bytes", "host"] {
        assert!(value.get(key).is_some(), "{key}");
    }
    for key in ["count", "min", "median", "mean", "sd", "p90", "p95", "p99", "max"] {
        assert!(value["latency_ms"][key].is_number(), "{key}");
    }
    let layers = value["layers"].as_array().unwrap();
    for key in ["index", "name", "op", "kernel", "isa", "output_shape", "macs", "macs_in_range", "median_us", "share"] {
        assert!(layers.iter().all(|layer| layer.get(key).is_some()), "{key}");
    }
    assert_eq!(value["batch"], 2);
    let sum: f64 = layers.iter().map(|layer| layer["median_us"].as_f64().unwrap()).sum();
    let total = value["latency_ms"]["median"].as_f64().unwrap() * 1e3;
    assert!((sum + value["other_us"].as_f64().unwrap() - total).abs() < 1e-6);
    if cfg!(target_os = "linux") {
        assert!(value["peak_rss_bytes"].as_u64().unwrap() > 1 << 20);
    }
}

#[test]
fn streams_have_a_row_each_and_a_best_choice() {
    let tiny = Tiny::new();
    let json = tiny.path("streams.json");
    let arguments = ["bench", &tiny.model(), "--streams", "1,3", "--threads", "2", "--runs", "4", "--json", &json];
    let text = ottava(arguments).ok().stdout;
    let rows: Vec<Vec<&str>> = text.lines().skip(5).take(2).map(cells).collect();
    assert_eq!([rows[0][0], rows[0][1], rows[0][5]], ["1", "2", "4"], "{text}");
    assert_eq!([rows[1][0], rows[1][1], rows[1][5]], ["3", "2", "12"], "{text}");
    assert!(text.lines().last().unwrap().starts_with("most images a second: "), "{text}");
    let value: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let rows = value["streams"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["images_per_second"].as_f64().unwrap() > 0.0));
    let most = rows
        .iter()
        .max_by(|a, b| a["images_per_second"].as_f64().unwrap().total_cmp(&b["images_per_second"].as_f64().unwrap()));
    assert_eq!(most.unwrap()["streams"], value["most_images"]["streams"]);
    let alone = ottava(["bench", &tiny.model(), "--streams", "auto", "--min-time", "0.01", "--json", "-"]).ok().stdout;
    let value: Value = serde_json::from_str(&alone).expect("nothing but JSON");
    assert!(value["least_latency"]["threads"].as_u64().unwrap() >= 1);
    assert!(ottava(["bench", &tiny.model(), "--streams", "0"]).misused().contains("from 1 to 1024"));
}

#[test]
fn files_are_written_beside_the_table() {
    let tiny = Tiny::new();
    let (json, csv) = (tiny.path("bench.json"), tiny.path("bench.csv"));
    let arguments = ["bench", &tiny.model(), "--runs", "3", "--backend", "reference", "--json", &json, "--csv", &csv];
    let text = ottava(arguments).ok().stdout;
    assert!(text.contains("reference backend"), "{text}");
    let value: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(value["latency_ms"]["count"], 3);
    let csv = fs::read_to_string(csv).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), value["layers"].as_array().unwrap().len() + 3);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{csv}");
    let us = |row: &Vec<&str>| row[7].parse::<f64>().unwrap();
    let sum: f64 = rows[1..rows.len() - 1].iter().map(us).sum();
    assert!((sum - us(&rows[rows.len() - 1])).abs() < 0.01, "{csv}");
}

#[test]
fn threads_that_wait_are_reported() {
    let tiny = Tiny::new();
    let (json, csv) = (tiny.path("idle.json"), tiny.path("idle.csv"));
    for threads in ["1", "2"] {
        let arguments =
            ["bench", &tiny.model(), "--runs", "5", "--threads", threads, "--gaps", "--json", &json, "--csv", &csv];
        let text = ottava(arguments).ok().stdout;
        let value: Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
        let layers = value["layers"].as_array().unwrap();
        let shares: Vec<f64> = layers.iter().map(|layer| layer["idle_share"].as_f64().unwrap()).collect();
        let total = value["idle_share"].as_f64().unwrap();
        let groups = value["gaps"]["groups"].as_array().unwrap();
        let idle = groups.iter().find(|group| group["group"] == "idle_threads").expect("a group");
        assert!((idle["share"].as_f64().unwrap() - total).abs() < 1e-9, "{idle}");
        assert_eq!(text.contains("idle"), threads == "2", "{text}");
        if threads == "1" {
            assert!(shares.iter().all(|&share| share == 0.0) && total == 0.0, "{shares:?}");
        } else {
            assert!(shares.iter().all(|share| (0.0..1.0).contains(share)), "{shares:?}");
        }
        let table = fs::read_to_string(&csv).unwrap();
        let last: Vec<&str> = table.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
        assert_eq!((last[0], last.len()), ("idle_share", layers.len() + 3), "{table}");
        assert!((last[last.len() - 1].parse::<f64>().unwrap() - total).abs() < 1e-5, "{table}");
    }
}

#[test]
fn contradictions_are_usage_errors() {
    let tiny = Tiny::new();
    let model = tiny.model();
    for flags in [["--runs", "3", "--min-time", "1"], ["--json", "-", "--csv", "-"]] {
        let ran = finish(common::command().args(["bench", &model]).args(flags));
        assert!(ran.misused().contains("Usage:"), "{flags:?}");
    }
}

#[test]
fn the_gaps_sum_to_the_median() {
    let tiny = Tiny::new();
    let json = tiny.path("gaps.json");
    let text = ottava(["bench", &tiny.model(), "--runs", "5", "--threads", "1", "--gaps", "--json", &json]).ok().stdout;
    let tables: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("Gaps:")).collect();
    assert!(tables.iter().any(|line| line.starts_with("epilogue: ")), "{text}");
    assert!(tables.last().unwrap().starts_with("[total]"), "{text}");
    let value: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let total = value["latency_ms"]["median"].as_f64().unwrap() * 1e3;
    let groups = value["gaps"]["groups"].as_array().unwrap();
    let sum: f64 = groups.iter().map(|group| group["us"].as_f64().unwrap()).sum();
    assert!((sum - total).abs() < 1e-6 * total, "{groups:?}");
    for (layer, parts) in value["layers"].as_array().unwrap().iter().zip(value["gaps"]["layers"].as_array().unwrap()) {
        let part = |key: &str| parts[key].as_f64().unwrap();
        let sum = part("at_peak_us") + part("epilogue_us") + part("idle_us") + part("rest_us");
        assert!((sum - layer["median_us"].as_f64().unwrap()).abs() < 1e-6, "{layer} {parts}");
        let held = value["peaks_macs_per_second"].get(layer["isa"].as_str().unwrap_or("none"));
        assert!(layer["macs"] == 0 || held.is_some(), "{layer}");
    }
}

#[test]
fn two_measurements_are_compared() {
    let tiny = Tiny::new();
    let (a, b) = (tiny.path("a.json"), tiny.path("b.json"));
    ottava(["bench", &tiny.model(), "--runs", "3", "--threads", "1", "--json", &a]).ok();
    let same = ottava(["compare", &a, &a, "--fail-above", "0%"]).ok().stdout;
    assert!(same.contains("[total]") && !same.contains("WARNING"), "{same}");
    // The same measurement, twice as slow and with another number of threads.
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&a).unwrap()).unwrap();
    let median = value["latency_ms"]["median"].as_f64().unwrap();
    (value["latency_ms"]["median"], value["threads"]) = (Value::from(2.0 * median), Value::from(2));
    fs::write(&b, value.to_string()).unwrap();
    // Not 100 %: numbers read from JSON may differ in their last bit from those written.
    let text = ottava(["compare", &a, &b, "--fail-above", "100.1%"]).ok().stdout;
    assert!(text.contains("WARNING: not the same threads (1 / 2)"), "{text}");
    let ran = ottava(["compare", &a, &b, "--fail-above", "99%"]);
    assert_eq!((ran.code, ran.stdout), (Some(1), text));
    assert!(ran.stderr.starts_with("error: B is 100.0 % slower than A, more than 99 %"), "{}", ran.stderr);
}

/// A trace of one run: every layer has tasks, each on a track that has a name, and within the run.
#[test]
fn a_trace_has_the_tasks_of_a_run() {
    let tiny = Tiny::new();
    let (trace, input) = (tiny.path("trace.json"), tiny.input());
    let model = ottava::Model::open(tiny.model()).unwrap();
    let plan = ottava::Plan::new(&model, &ottava::PlanOptions::default()).unwrap();
    let bench = ["bench", &tiny.model(), "--runs", "2", "--threads", "3", "--trace", &trace].map(str::to_owned);
    let run = [
        "run",
        &tiny.model(),
        "--input",
        &input,
        "--output-dir",
        &tiny.path("out"),
        "--threads",
        "3",
        "--trace",
        &trace,
    ]
    .map(str::to_owned);
    for arguments in [&bench[..], &run[..]] {
        ottava(arguments).ok();
        let value: Value = serde_json::from_str(&fs::read_to_string(&trace).unwrap()).unwrap();
        let events = value["traceEvents"].as_array().unwrap();
        let of_kind = |kind: &'static str| events.iter().filter(move |event| event["ph"] == kind);
        let tracks: Vec<u64> = of_kind("M").map(|event| event["tid"].as_u64().unwrap()).collect();
        for (index, layer) in plan.layers().iter().enumerate() {
            let tasks: Vec<&Value> = of_kind("X").filter(|event| event["args"]["layer"] == index).collect();
            assert!(!tasks.is_empty() && tasks.iter().all(|task| task["name"] == layer.name.as_str()), "{index}");
            for task in tasks {
                assert!(
                    tracks.contains(&task["tid"].as_u64().unwrap()) && task["args"]["kernel"].is_string(),
                    "{task}"
                );
                assert!(task["ts"].as_f64().unwrap() >= 0.0 && task["dur"].as_f64().unwrap() >= 0.0, "{task}");
            }
        }
        fs::remove_file(&trace).unwrap();
    }
}
