//! What `ottava bench --json` wrote, as far as a comparison needs it.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::bench::export::SCHEMA;
use crate::errors::{CliError, Result};
use crate::files;

/// A measurement.
#[derive(Clone, Debug, Deserialize)]
pub struct Bench {
    pub model: String,
    pub isa: String,
    pub backend: String,
    pub threads: usize,
    pub batch: usize,
    pub latency_ms: Latency,
    pub layers: Vec<Layer>,
    pub other_us: f64,
    pub host: Host,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Latency {
    pub count: usize,
    pub min: f64,
    pub median: f64,
    pub mean: f64,
    pub p90: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Layer {
    pub name: String,
    pub op: String,
    pub kernel: String,
    pub median_us: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Host {
    pub cpu: String,
    pub cores: usize,
}

impl Bench {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no JSON, or is no measurement.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&files::read(path)?).map_err(|cause| CliError::file(path, cause))
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
        match value.get("schema").and_then(Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => return Err(format!("its schema is '{other}', '{SCHEMA}' is needed")),
            None => return Err(format!("not written by `ottava bench --json`: no schema, '{SCHEMA}' is needed")),
        }
        serde_json::from_value(value).map_err(|error| format!("not as `ottava bench --json` writes it: {error}"))
    }
}

/// A layer of A, of B, or of both.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    sides: [Option<&'a Layer>; 2],
}

impl<'a> Pair<'a> {
    /// The layer, as A has it where A does.
    pub fn layer(&self) -> &'a Layer {
        let [a, b] = self.sides;
        a.or(b).expect("a pair has a side")
    }

    /// The layer of A (0) or B (1).
    pub fn side(&self, side: usize) -> Option<&'a Layer> {
        self.sides[side]
    }

    /// Median time in A (0) or B (1).
    pub fn us(&self, side: usize) -> Option<f64> {
        self.sides[side].map(|layer| layer.median_us)
    }

    /// What B takes more than A.
    pub fn lost_us(&self) -> f64 {
        self.us(1).unwrap_or(0.0) - self.us(0).unwrap_or(0.0)
    }
}

/// The layers of both, equal name and operator together: in A's order, then those that only B has.
pub fn pairs<'a>(a: &'a Bench, b: &'a Bench) -> Vec<Pair<'a>> {
    let mut taken = vec![false; b.layers.len()];
    let mut pairs = Vec::with_capacity(a.layers.len());
    for layer in &a.layers {
        let same = |(at, other): (usize, &Layer)| !taken[at] && (&other.name, &other.op) == (&layer.name, &layer.op);
        let found = b.layers.iter().enumerate().position(same);
        if let Some(at) = found {
            taken[at] = true;
        }
        pairs.push(Pair { sides: [Some(layer), found.map(|at| &b.layers[at])] });
    }
    let alone = b.layers.iter().zip(taken).filter(|(_, taken)| !taken);
    pairs.extend(alone.map(|(layer, _)| Pair { sides: [None, Some(layer)] }));
    pairs
}

/// B over A; none where A is no time at all.
pub fn ratio(a: f64, b: f64) -> Option<f64> {
    (a > 0.0).then(|| b / a)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A measurement with these layers.
    pub fn bench(median: f64, layers: &[(&str, f64)]) -> Bench {
        let layer = |&(name, median_us): &(&str, f64)| Layer {
            name: name.to_owned(),
            op: name.split(' ').next().unwrap_or_default().to_owned(),
            kernel: "kernel".to_owned(),
            median_us,
        };
        Bench {
            model: "model".to_owned(),
            isa: "scalar".to_owned(),
            backend: "optimized".to_owned(),
            threads: 1,
            batch: 1,
            latency_ms: Latency { count: 3, min: median, median, mean: median, p90: median },
            layers: layers.iter().map(layer).collect(),
            other_us: 0.0,
            host: Host { cpu: "cpu".to_owned(), cores: 1 },
        }
    }

    #[test]
    fn layers_meet_by_name_and_what_has_no_other_stays() {
        let (a, b) = (bench(1.0, &[("X #0", 1.0), ("Y #1", 2.0)]), bench(1.0, &[("Z #3", 3.0), ("X #0", 4.0)]));
        let pairs = pairs(&a, &b);
        let times: Vec<_> = pairs.iter().map(|pair| [pair.us(0), pair.us(1)]).collect();
        assert_eq!(times, [[Some(1.0), Some(4.0)], [Some(2.0), None], [None, Some(3.0)]]);
        assert_eq!(pairs[2].layer().name, "Z #3");
    }

    #[test]
    fn other_documents_are_refused_with_the_reason() {
        let cause = |text: &str| Bench::parse(text.as_bytes()).expect_err("no measurement");
        assert!(cause("{").starts_with("no JSON"));
        assert!(cause("[1]").contains("no schema"));
        assert!(cause("{\"schema\": \"other\"}").contains("'other'"));
        let missing = cause(&format!("{{\"schema\": \"{SCHEMA}\"}}"));
        assert!(missing.contains("missing field"), "{missing}");
    }
}
