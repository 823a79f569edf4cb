//! How the values of an activation are spread: a tensor that is nearly constant hides every mistake behind it.

/// Spread of centered values over the calibration images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// Distinct values.
    pub(crate) distinct: usize,
    /// Standard deviation in quantization steps.
    pub(crate) deviation: f64,
    /// Share of the elements that differ between the first two images; 0 when there is one image.
    pub(crate) difference: f64,
}

impl Spread {
    /// Of the samples of `images` images, one after another.
    pub(crate) fn of(samples: &[i16], images: usize) -> Spread {
        let mut seen = [false; 1024];
        samples.iter().for_each(|&v| seen[(i32::from(v) + 512) as usize & 1023] = true);
        let count = samples.len().max(1) as f64;
        let mean = samples.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = samples.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
        let run = samples.len() / images.max(1);
        let (first, rest) = samples.split_at(run);
        let differing = first.iter().zip(rest).filter(|(a, b)| a != b).count();
        Spread {
            distinct: seen.iter().filter(|&&s| s).count(),
            deviation: variance.sqrt(),
            difference: differing as f64 / run.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_values_and_differences() {
        let spread = Spread::of(&[1, 2, 3, 1, 2, 4], 2);
        assert_eq!(spread.distinct, 4);
        assert!((spread.difference - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Spread::of(&[5; 4], 2).deviation, 0.0);
    }
}
