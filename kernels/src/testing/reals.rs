//! Tensors of float32.

use super::Random;
use crate::memory::SLACK;

/// What test tensors of float32 hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reals {
    /// Any bits: all magnitudes, NaN, infinities.
    Bits,
    /// Numbers of magnitudes around 1, whose sums are inexact.
    Moderate,
    /// The ends: zeros, the least and greatest numbers, infinities, NaN, and ones.
    Ends,
    /// Sums of products that lie below the least normal number.
    Small,
    /// Zeros of both signs.
    Zeros,
}

impl Reals {
    /// All that are not zeros alone.
    pub(crate) const ALL: [Self; 4] = [Self::Bits, Self::Moderate, Self::Ends, Self::Small];
}

/// What [`Reals::Ends`] draws from, as bits; the NaNs have both signs, and one is signalling.
const ENDS: [u32; 18] = [
    0,
    0x8000_0000,
    1,
    0x8000_0001,
    0x007F_FFFF,
    0x0080_0000,
    0x8080_0000,
    0x3F80_0000,
    0xBF80_0000,
    0x40C0_0000,
    0x4B00_0001,
    0x7F7F_FFFF,
    0xFF7F_FFFF,
    0x7F80_0000,
    0xFF80_0000,
    0x7FC0_0000,
    0xFFC0_0001,
    0x7F80_0001,
];

impl Random {
    /// Elements of float32.
    pub(crate) fn reals(&mut self, len: usize, fill: Reals) -> Vec<f32> {
        let mut moderate = |scale: f32| (self.next() as f32 - 2_147_483_648.0) / 2_147_483_648.0 * scale;
        match fill {
            Reals::Moderate => (0..len).map(|_| moderate(4.0)).collect(),
            Reals::Small => (0..len).map(|_| moderate(3e-20)).collect(),
            Reals::Bits => (0..len).map(|_| f32::from_bits(self.next())).collect(),
            Reals::Zeros => (0..len).map(|_| self.pick(&[0.0, -0.0])).collect(),
            Reals::Ends => (0..len).map(|_| f32::from_bits(self.pick(&ENDS))).collect(),
        }
    }
}

/// Dense pixels with `stride` elements from one to the next, NaN in the gaps and in the slack.
pub(crate) fn spread(dense: &[f32], channels: usize, stride: usize) -> Vec<f32> {
    let pixels = dense.len() / channels.max(1);
    let span = if pixels == 0 { 0 } else { (pixels - 1) * stride + channels };
    let mut values = vec![f32::NAN; span + SLACK / 4];
    for (pixel, from) in dense.chunks_exact(channels).enumerate() {
        values[pixel * stride..][..channels].copy_from_slice(from);
    }
    values
}

/// Elements as the bytes of a tensor.
pub(crate) fn dense(values: &[f32]) -> &[u8] {
    bytemuck::cast_slice(values)
}
