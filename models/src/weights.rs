//! Quantized weights from a seed: bell-shaped as training leaves them, or extreme on purpose.

use crate::quantization::Form;
use crate::rng::Rng;
use rayon::prelude::*;

/// How the weights of a layer are distributed and quantized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// The distribution.
    pub style: WeightStyle,
    /// A scale for each output channel, or one for all. The uint8 form has one for all whatever this says.
    pub per_channel: bool,
    /// uint8 form: the weights' zero point; `None` takes it from the values. The int8 form has 0 whatever this says.
    pub zero_point: Option<u8>,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { style: WeightStyle::Bell, per_channel: true, zero_point: None }
    }
}

/// A distribution of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightStyle {
    /// Laplace, as in trained networks.
    Bell,
    /// Half of all weights at the ends of the type (-128 and 127, or 0 and 255), in runs of one sign: the worst case of
    /// saturating kernels.
    Extreme,
}

/// Sizes and seed of one layer's weights.
#[derive(Clone, Copy)]
pub(crate) struct WeightShape {
    pub(crate) outputs: usize,
    /// Weights of one output channel.
    pub(crate) depth: usize,
    pub(crate) form: Form,
    pub(crate) seed: u64,
}

/// Centered weights `[outputs, depth]` and the zero point that the file adds to them.
pub(crate) struct QuantizedWeights {
    pub(crate) centered: Vec<i16>,
    pub(crate) zero_point: i32,
    /// The same before rounding, in units of the quantization's step; empty where nobody asks for them.
    pub(crate) steps: Vec<f32>,
}

impl QuantizedWeights {
    /// The weights as the file stores them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.centered.iter().map(|&w| (i32::from(w) + self.zero_point) as u8).collect()
    }
}

/// Weights of `shape` under `spec`; `keep_reals` says whether int8 ones remember what they were before rounding.
pub(crate) fn generate(shape: WeightShape, spec: &Weights, keep_reals: bool) -> QuantizedWeights {
    let reals = reals(shape);
    let mut quantized = match shape.form {
        Form::Int8 => {
            let steps = symmetric(&reals, shape.depth, spec.per_channel);
            let centered = steps.par_iter().map(|v| v.round() as i16).collect();
            QuantizedWeights { centered, zero_point: 0, steps: if keep_reals { steps } else { Vec::new() } }
        }
        Form::Uint8 => asymmetric(&reals, spec.zero_point),
    };
    if spec.style == WeightStyle::Extreme {
        drive_to_the_ends(&mut quantized, shape);
    }
    quantized
}

/// Real weights. Long filters have mean zero, or the common brightness of all inputs would drown the rest; gains differ
/// from channel to channel and the two tails differ a little.
fn reals(shape: WeightShape) -> Vec<f32> {
    let skew = Rng::stream(shape.seed, u64::MAX).uniform_in(0.6, 1.7);
    let mut reals = vec![0f32; shape.outputs * shape.depth];
    reals.par_chunks_mut(shape.depth.max(1)).enumerate().for_each(|(output, filter)| {
        let mut rng = Rng::stream(shape.seed, output as u64);
        let gain = rng.uniform_in(0.5, 1.5);
        for four in filter.chunks_mut(4) {
            let values = rng.laplace4().map(|v| gain * if v > 0.0 { v * skew } else { v });
            four.copy_from_slice(&values[..four.len()]);
        }
        if filter.len() >= 16 {
            let mean = (filter.iter().map(|&v| f64::from(v)).sum::<f64>() / filter.len() as f64) as f32;
            filter.iter_mut().for_each(|v| *v -= mean);
        }
    });
    reals
}

/// Symmetric int8 in -127..=127 before rounding, by channel or over the whole tensor.
fn symmetric(reals: &[f32], depth: usize, per_channel: bool) -> Vec<f32> {
    let run = if per_channel { depth } else { reals.len() };
    let mut steps = vec![0f32; reals.len()];
    steps.par_chunks_mut(run.max(1)).zip(reals.par_chunks(run.max(1))).for_each(|(out, reals)| {
        let largest = reals.iter().fold(1e-6f32, |m, v| m.max(v.abs()));
        let factor = 127.0 / largest;
        out.iter_mut().zip(reals).for_each(|(o, &v)| *o = v * factor);
    });
    steps
}

/// Asymmetric uint8 over the whole tensor.
fn asymmetric(reals: &[f32], zero_point: Option<u8>) -> QuantizedWeights {
    let (low, high) = reals.iter().fold((-1e-6f32, 1e-6f32), |(l, h), &v| (l.min(v), h.max(v)));
    let scale = (high - low) / 255.0;
    let zero_point = zero_point.map_or_else(|| ((-low / scale).round() as i32).clamp(0, 255), i32::from);
    let (min, max) = (-zero_point, 255 - zero_point);
    let centered = reals.par_iter().map(|&v| ((v / scale).round() as i32).clamp(min, max) as i16).collect();
    QuantizedWeights { centered, zero_point, steps: Vec::new() }
}

fn drive_to_the_ends(weights: &mut QuantizedWeights, shape: WeightShape) {
    let (min, max) = shape.form.range();
    let ends = [min, max].map(|end| (end - weights.zero_point) as i16);
    for (output, filter) in weights.centered.chunks_mut(shape.depth.max(1)).enumerate() {
        let mut rng = Rng::stream(!shape.seed, output as u64);
        let mut at = 0;
        while at < filter.len() {
            let run = rng.between(1, 8).min(filter.len() - at);
            if rng.chance(50) {
                filter[at..at + run].fill(rng.pick(&ends));
            }
            at += run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: WeightShape = WeightShape { outputs: 6, depth: 200, form: Form::Int8, seed: 11 };

    #[test]
    fn every_int8_channel_uses_its_range() {
        let weights = generate(SHAPE, &Weights::default(), false);
        for filter in weights.centered.chunks(SHAPE.depth) {
            assert_eq!(filter.iter().map(|w| w.abs()).max(), Some(127));
        }
    }

    #[test]
    fn uint8_weights_stay_in_range_for_every_zero_point() {
        for zero_point in [None, Some(0), Some(128), Some(255)] {
            let spec = Weights { zero_point, ..Weights::default() };
            let weights = generate(WeightShape { form: Form::Uint8, ..SHAPE }, &spec, false);
            assert!(zero_point.is_none_or(|z| weights.zero_point == i32::from(z)));
            assert!(weights.centered.iter().all(|&w| (0..256).contains(&(i32::from(w) + weights.zero_point))));
        }
    }

    #[test]
    fn extreme_weights_hold_both_ends() {
        let weights = generate(SHAPE, &Weights { style: WeightStyle::Extreme, ..Weights::default() }, false);
        let count = |end: i16| weights.centered.iter().filter(|&&w| w == end).count();
        assert!(count(-128) > 200 && count(127) > 200);
    }
}
