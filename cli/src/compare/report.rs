//! The comparison for people.

use super::document::{Bench, Pair, pairs, ratio};
use crate::table::{self, Align, Align::Left, Align::Right, counted, plain};

/// The whole report.
pub fn text(files: &[String; 2], benches: [&Bench; 2]) -> String {
    let [a, b] = benches;
    let pairs = pairs(a, b);
    [head(files, benches), latency(benches), layers(&pairs, benches), by_operator(&pairs, benches)].join("\n")
}

fn head(files: &[String; 2], benches: [&Bench; 2]) -> String {
    let mut text = String::new();
    for (letter, (file, bench)) in ["A", "B"].iter().zip(files.iter().zip(benches)) {
        let threads = counted(bench.threads, "thread");
        let runs = counted(bench.latency_ms.count, "run");
        let Bench { model, isa, batch, backend, .. } = bench;
        text.push_str(&plain(&format!(
            "{letter}  {file}: {model}, {backend}, {isa}, {threads}, batch {batch}, {runs}"
        )));
        text.push('\n');
    }
    let differences = differences(benches);
    if !differences.is_empty() {
        text.push_str(&plain(&format!("WARNING: not the same {}", differences.join("; "))));
        text.push('\n');
    }
    text
}

/// What two measurements must share for their ratio to speak of the code alone.
fn differences([a, b]: [&Bench; 2]) -> Vec<String> {
    let host = |bench: &Bench| format!("{}, {}", bench.host.cpu, counted(bench.host.cores, "core"));
    let sides = [
        ("model", a.model.clone(), b.model.clone()),
        ("backend", a.backend.clone(), b.backend.clone()),
        ("isa", a.isa.clone(), b.isa.clone()),
        ("threads", a.threads.to_string(), b.threads.to_string()),
        ("batch", a.batch.to_string(), b.batch.to_string()),
        ("host", host(a), host(b)),
    ];
    let different = sides.into_iter().filter(|(_, a, b)| a != b);
    different.map(|(what, a, b)| format!("{what} ({a} / {b})")).collect()
}

/// The three columns of a row: A, B and B/A.
fn numbers(sides: [Option<f64>; 2], digits: usize) -> [String; 3] {
    let ratio = match sides {
        [Some(a), Some(b)] => ratio(a, b),
        _ => None,
    };
    let [a, b] = sides.map(|value| value.map_or("-".to_owned(), |value| format!("{value:.digits$}")));
    [a, b, ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.3}"))]
}

const COLUMNS: [(&str, Align); 3] = [("A", Right), ("B", Right), ("B/A", Right)];

fn latency([a, b]: [&Bench; 2]) -> String {
    let columns = [&[("", Left)], &COLUMNS[..]].concat();
    let (a, b) = (&a.latency_ms, &b.latency_ms);
    let values =
        [("min", a.min, b.min), ("median", a.median, b.median), ("mean", a.mean, b.mean), ("p90", a.p90, b.p90)];
    let rows = values.map(|(name, a, b)| [&[name.to_owned()], &numbers([Some(a), Some(b)], 3)[..]].concat());
    "Latency in ms; above 1, B is the slower\n".to_owned() + &table::render(&columns, rows)
}

fn layers(pairs: &[Pair<'_>], benches: [&Bench; 2]) -> String {
    let columns = [&[("layer", Left), ("op", Left), ("kernel", Left)], &COLUMNS[..]].concat();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for pair in pairs {
        let kernel = match [pair.side(0), pair.side(1)] {
            [Some(a), Some(b)] if a.kernel != b.kernel => format!("{} / {}", a.kernel, b.kernel),
            _ => pair.layer().kernel.clone(),
        };
        let texts = [&pair.layer().name, &pair.layer().op, &kernel].map(String::clone);
        rows.push([&texts[..], &numbers([pair.us(0), pair.us(1)], 1)[..]].concat());
    }
    for (name, sides) in ends(benches) {
        rows.push([&[name, "", ""].map(str::to_owned)[..], &numbers(sides, 1)[..]].concat());
    }
    "Layers: median us\n".to_owned() + &table::render(&columns, rows)
}

fn ends(benches: [&Bench; 2]) -> [(&'static str, [Option<f64>; 2]); 2] {
    let other = benches.map(|bench| Some(bench.other_us));
    [("[other]", other), ("[total]", benches.map(|bench| Some(bench.latency_ms.median * 1e3)))]
}

fn by_operator(pairs: &[Pair<'_>], benches: [&Bench; 2]) -> String {
    // In the order of first appearance.
    let mut sums: Vec<(&str, [Option<f64>; 2])> = Vec::new();
    for pair in pairs {
        let op = pair.layer().op.as_str();
        let position = sums.iter().position(|(known, _)| *known == op).unwrap_or_else(|| {
            sums.push((op, [None; 2]));
            sums.len() - 1
        });
        for (side, sum) in sums[position].1.iter_mut().enumerate() {
            if let Some(us) = pair.us(side) {
                *sum = Some(sum.unwrap_or(0.0) + us);
            }
        }
    }
    let columns = [&[("operator", Left)], &COLUMNS[..]].concat();
    let rows = sums.into_iter().chain(ends(benches));
    let rows = rows.map(|(name, sides)| [&[name.to_owned()], &numbers(sides, 1)[..]].concat());
    "By operator: median us\n".to_owned() + &table::render(&columns, rows)
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::bench;
    use super::*;

    #[test]
    fn what_is_missing_on_a_side_is_shown() {
        let (a, b) = (bench(10.0, &[("X #0", 9.0), ("Y #1", 1.0)]), bench(5.0, &[("X #0", 4.5), ("Z #1", 0.5)]));
        let text = text(&["a.json", "b.json"].map(str::to_owned), [&a, &b]);
        let row = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).expect("a row");
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(row("X #0").ends_with(&["9.0", "4.5", "0.500"].map(str::to_owned)), "{text}");
        assert!(row("Y #1").ends_with(&["1.0", "-", "-"].map(str::to_owned)), "{text}");
        assert!(row("Z #1").ends_with(&["-", "0.5", "-"].map(str::to_owned)), "{text}");
        assert!(row("[total]").ends_with(&["10000.0", "5000.0", "0.500"].map(str::to_owned)), "{text}");
        assert!(!text.contains("WARNING"), "{text}");
    }

    #[test]
    fn other_conditions_are_told() {
        let a = bench(1.0, &[]);
        let b = Bench { isa: "avx2".to_owned(), threads: 2, ..a.clone() };
        let text = text(&["a.json", "b.json"].map(str::to_owned), [&a, &b]);
        assert!(text.contains("WARNING: not the same isa (scalar / avx2); threads (1 / 2)\n"), "{text}");
    }
}
