//! Statistics of a series of durations.

use serde::Serialize;

/// What is said of a series; every value in the unit of the series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Number of values.
    pub count: usize,
    /// The least.
    pub min: f64,
    /// The middle.
    pub median: f64,
    /// The average.
    pub mean: f64,
    /// Standard deviation of the sample (divisor n - 1).
    pub sd: f64,
    /// 90 % of the values are not above this.
    pub p90: f64,
    /// 95 % of the values are not above this.
    pub p95: f64,
    /// 99 % of the values are not above this.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
}

impl Summary {
    /// The summary of a series; all zero for an empty one.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Self::default();
        };
        let count = sorted.len();
        let mean = sorted.iter().sum::<f64>() / count as f64;
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 };
        let at = |fraction| quantile(&sorted, fraction);
        Self { count, min, median: at(0.5), mean, sd, p90: at(0.9), p95: at(0.95), p99: at(0.99), max }
    }
}

/// The median of a series; 0 for an empty one.
pub fn median(values: &[f64]) -> f64 {
    Summary::of(values).median
}

/// Linear interpolation between the two nearest ranks of a sorted series.
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let rank = fraction * (sorted.len() - 1) as f64;
    let below = rank.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_series() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0, 5.0]);
        assert_eq!((summary.count, summary.min, summary.median, summary.max), (5, 1.0, 3.0, 5.0));
        assert_eq!(summary.mean, 3.0);
        assert!((summary.sd - 2.5f64.sqrt()).abs() < 1e-12);
        assert!((summary.p90 - 4.6).abs() < 1e-12);
    }

    #[test]
    fn short_series_do_not_fail() {
        assert_eq!(Summary::of(&[]), Summary::default());
        let one = Summary::of(&[7.0]);
        assert_eq!((one.median, one.sd, one.p99), (7.0, 0.0, 7.0));
        assert_eq!(median(&[1.0, 2.0]), 1.5);
    }
}
