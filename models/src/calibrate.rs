//! From accumulators to quantization parameters: what batch normalization does in a float network.
//!
//! A convolution's accumulators over the calibration images have some mean and deviation in each output channel. The
//! bias moves the mean to a random small offset and the weight scale makes the deviation about one, so every layer hands
//! on activations that keep their spread, however deep the network is.

use crate::quantization::{Activation, Form, Quantization};
use crate::rng::Rng;
use rayon::prelude::*;

/// Below this many positions a channel, the deviation is taken over all channels together: one channel alone has too
/// few values.
const FEW_POSITIONS: usize = 64;

/// What the accumulators of one output channel look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelStatistics {
    sum: i64,
    squares: u128,
    min: i32,
    max: i32,
}

impl ChannelStatistics {
    const EMPTY: ChannelStatistics = ChannelStatistics { sum: 0, squares: 0, min: i32::MAX, max: i32::MIN };

    fn add(&mut self, value: i32) {
        self.sum += i64::from(value);
        self.squares += u128::from(value.unsigned_abs()) * u128::from(value.unsigned_abs());
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn merge(&mut self, other: &ChannelStatistics) {
        self.sum += other.sum;
        self.squares += other.squares;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    fn mean(&self, count: usize) -> f64 {
        self.sum as f64 / count as f64
    }

    fn variance(&self, count: usize) -> f64 {
        (self.squares as f64 / count as f64 - self.mean(count) * self.mean(count)).max(0.0)
    }
}

/// Statistics of each of `channels` interleaved channels. Sums are integers, so their order does not matter.
pub(crate) fn statistics(accumulators: &[i32], channels: usize) -> Vec<ChannelStatistics> {
    let empty = || vec![ChannelStatistics::EMPTY; channels];
    accumulators
        .par_chunks(channels * 512)
        .map(|chunk| {
            let mut part = empty();
            for row in chunk.chunks_exact(channels) {
                part.iter_mut().zip(row).for_each(|(statistics, &value)| statistics.add(value));
            }
            part
        })
        .reduce(empty, |mut a, b| {
            a.iter_mut().zip(&b).for_each(|(a, b)| a.merge(b));
            a
        })
}

/// How the outputs of a layer with weights shall be distributed.
pub(crate) struct Target {
    /// Deviation of the outputs before the activation.
    pub(crate) spread: f32,
    /// One weight scale for each output channel, or one for all.
    pub(crate) per_channel: bool,
    /// Whether there is a bias to move the mean with.
    pub(crate) bias: bool,
}

/// real = `multipliers[c]` * (accumulator + `biases[c]`).
pub(crate) struct Affine {
    pub(crate) multipliers: Vec<f64>,
    pub(crate) biases: Vec<i32>,
}

/// Chooses multiplier and bias of each channel. `floors` are the smallest deviations that count as signal.
pub(crate) fn normalize(
    all: &[ChannelStatistics],
    count: usize,
    floors: &[f64],
    (target, rng): (&Target, &mut Rng),
) -> Affine {
    let variances: Vec<f64> = all.iter().zip(floors).map(|(s, floor)| s.variance(count).max(floor * floor)).collect();
    let pooled = (variances.iter().sum::<f64>() / variances.len().max(1) as f64).sqrt();
    let spread = f64::from(target.spread);
    let (mut multipliers, mut biases) = (Vec::new(), Vec::new());
    for (statistics, variance) in all.iter().zip(&variances) {
        let gamma = f64::from(rng.uniform_in(0.6, 1.4)) * spread;
        let beta = f64::from(rng.normal()) * 0.4 * spread;
        let deviation = if count < FEW_POSITIONS { pooled } else { variance.sqrt() };
        let multiplier = if target.per_channel { gamma / deviation } else { spread / pooled };
        let bias = if target.bias { beta / multiplier - statistics.mean(count) } else { 0.0 };
        multipliers.push(multiplier);
        biases.push(bias.round() as i32);
    }
    Affine { multipliers, biases }
}

/// The real range that the outputs need: nearly all of it with many positions, with room to spare when there were few.
pub(crate) fn output_range(
    all: &[ChannelStatistics],
    count: usize,
    affine: &Affine,
    activation: Activation,
) -> (f64, f64) {
    let ends = |pick: fn(&ChannelStatistics) -> i32| {
        let mut ends: Vec<f64> = all
            .iter()
            .zip(affine.multipliers.iter().zip(&affine.biases))
            .map(|(s, (multiplier, &bias))| multiplier * (f64::from(pick(s)) + f64::from(bias)))
            .collect();
        ends.sort_by(f64::total_cmp);
        ends
    };
    let (low, high) = (ends(|s| s.min), ends(|s| s.max));
    let last = all.len().saturating_sub(1);
    let (cut, room) = if count < FEW_POSITIONS { (0, 3.0) } else { (last / 20, 1.0) };
    let range = (low.get(cut).copied().unwrap_or(0.0) * room, high.get(last - cut).copied().unwrap_or(0.0) * room);
    let (floor, ceiling) = activation.real_range();
    // A layer whose outputs are all cut off still gets a range of useful width.
    (range.0.clamp(floor.max(-1e6), 0.0), range.1.clamp(0.05, ceiling.min(1e6)))
}

/// Where and how the outputs are stored.
#[derive(Clone, Copy)]
pub(crate) struct Store {
    pub(crate) form: Form,
    pub(crate) quantization: Quantization,
    pub(crate) activation: Activation,
}

/// Centered outputs of accumulators.
pub(crate) fn requantize(accumulators: &[i32], affine: &Affine, store: Store) -> Vec<i16> {
    let channels = affine.biases.len();
    let (low, high) = store.activation.centered_range(store.form, store.quantization);
    // min and max instead of clamp: an activation range can be empty under an extreme zero point.
    let bounds = (low as f32, high as f32);
    let scale = f64::from(store.quantization.scale);
    let factors: Vec<f32> = affine.multipliers.iter().map(|m| (m / scale) as f32).collect();
    let mut output = vec![0i16; accumulators.len()];
    output.par_chunks_mut(channels * 512).zip(accumulators.par_chunks(channels * 512)).for_each(|(out, chunk)| {
        for (out, row) in out.chunks_exact_mut(channels).zip(chunk.chunks_exact(channels)) {
            for (c, (out, &value)) in out.iter_mut().zip(row).enumerate() {
                let real = value.wrapping_add(affine.biases[c]) as f32 * factors[c];
                *out = round_small(real.max(bounds.0).min(bounds.1)) as i16;
            }
        }
    });
    output
}

/// Rounds `|value| < 2^22` to the nearest integer by float additions alone, which every target has as one instruction.
fn round_small(value: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    (value + SHIFT) - SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalized_channels_have_the_asked_spread() {
        let mut rng = Rng::new(5);
        let channels = 8;
        let values: Vec<i32> = (0..channels * 4000)
            .map(|i| (rng.normal() * (1000.0 + 500.0 * (i % channels) as f32)) as i32 + 7000)
            .collect();
        let all = statistics(&values, channels);
        let target = Target { spread: 2.0, per_channel: true, bias: true };
        let affine = normalize(&all, 4000, &vec![1.0; channels], (&target, &mut rng));
        for c in 0..channels {
            let real: Vec<f64> = values[c..]
                .iter()
                .step_by(channels)
                .map(|&v| affine.multipliers[c] * f64::from(v + affine.biases[c]))
                .collect();
            let mean = real.iter().sum::<f64>() / 4000.0;
            let deviation = (real.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 4000.0).sqrt();
            assert!(mean.abs() < 4.0 && (1.1..2.9).contains(&deviation), "channel {c}: {mean} {deviation}");
        }
    }
}
