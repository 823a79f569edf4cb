//! `ottava compare`: two results of `ottava bench --json` side by side.

mod document;
mod report;

use std::io::Write;

use self::document::{Bench, ratio};
use crate::args::CompareArgs;
use crate::errors::{CliError, Result};

/// How many of the layers that lost most are named when a comparison fails.
const NAMED: usize = 3;

/// Prints the comparison; a slowdown beyond what is allowed is an error.
///
/// # Errors
/// A file cannot be read or holds something else, or B is slower than `--fail-above` allows.
pub fn execute(args: &CompareArgs, output: &mut dyn Write) -> Result<()> {
    let (a, b) = (Bench::read(&args.a)?, Bench::read(&args.b)?);
    let files = [&args.a, &args.b].map(|path| path.display().to_string());
    output.write_all(report::text(&files, [&a, &b]).as_bytes())?;
    match args.fail_above {
        Some(percent) if is_slower(&a, &b, percent) => Err(CliError::request(slower(&a, &b, percent))),
        _ => Ok(()),
    }
}

fn is_slower(a: &Bench, b: &Bench, percent: f64) -> bool {
    b.latency_ms.median > a.latency_ms.median * (1.0 + percent / 100.0)
}

/// What the error says: the totals, and the layers that lost most.
fn slower(a: &Bench, b: &Bench, percent: f64) -> String {
    let [before, after] = [a, b].map(|bench| bench.latency_ms.median);
    let by = ratio(before, after).map_or(f64::INFINITY, |ratio| 100.0 * (ratio - 1.0));
    let mut pairs = document::pairs(a, b);
    pairs.retain(|pair| pair.lost_us() > 0.0);
    pairs.sort_by(|x, y| y.lost_us().total_cmp(&x.lost_us()));
    let worst = pairs.iter().take(NAMED).map(|pair| {
        let us = |side| pair.us(side).map_or("none".to_owned(), |us| format!("{us:.1}"));
        format!("{} {} -> {} us", pair.layer().name, us(0), us(1))
    });
    let worst: Vec<_> = worst.collect();
    let layers = if worst.is_empty() { String::new() } else { format!("; most was lost in {}", worst.join(", ")) };
    format!("B is {by:.1} % slower than A, more than {percent} %: {before:.3} ms became {after:.3} ms{layers}")
}

#[cfg(test)]
mod tests {
    use super::document::tests::bench;
    use super::*;

    #[test]
    fn slower_is_more_than_the_percentage() {
        let (a, b) = (bench(10.0, &[("X #0", 9.0)]), bench(10.5, &[("X #0", 9.5)]));
        assert!(!is_slower(&a, &b, 5.0) && is_slower(&a, &b, 4.9) && !is_slower(&b, &a, 0.0));
        assert!(!is_slower(&a, &a, 0.0));
    }

    #[test]
    fn the_layers_that_lost_most_are_named() {
        let a = bench(10.0, &[("X #0", 5.0), ("X #1", 1.0), ("X #2", 4.0), ("X #3", 1.0)]);
        let b = bench(20.0, &[("X #0", 6.0), ("X #1", 9.0), ("X #2", 3.0), ("X #4", 2.0)]);
        let text = slower(&a, &b, 5.0);
        assert!(text.contains("100.0 % slower") && text.contains("more than 5 %"), "{text}");
        assert!(text.ends_with("X #1 1.0 -> 9.0 us, X #4 none -> 2.0 us, X #0 5.0 -> 6.0 us"), "{text}");
    }
}
