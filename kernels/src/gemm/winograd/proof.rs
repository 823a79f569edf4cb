//! Which convolutions come out exact.
//!
//! The output transform knows 64 times an accumulator modulo 2^32, so the accumulator has to lie within `[-2^25, 2^25)`.
//! Its extremes are those of a sum whose every activation is the least or the greatest, by the sign of its weight. Padding
//! counts as the zero point, which is in between. The bias is added behind the transform, and may be anything.

use core::ops::Range;

use super::super::spec::ConvSpec;
use super::refusal::Refusal;
use crate::isa::Storage;
use crate::quantization::Weights;

/// Accumulators that come out exact.
const EXACT: Range<i64> = -(1 << 25)..1 << 25;
/// Largest weight less its zero point for which transformed weights have 16 bits.
const LARGEST_WEIGHT: i32 = 255;

/// Whether a convolution's window is one for the transforms.
pub(super) fn prove_window(spec: &ConvSpec<'_>) -> Result<(), Refusal> {
    let window = &spec.window;
    let suits = window.taps == [3; 2] && window.stride == [1; 2] && window.dilation == [1; 2] && spec.groups == 1;
    if suits { Ok(()) } else { Err(Refusal::Window) }
}

/// Whether all accumulators of a convolution come out exact.
pub(super) fn prove_sums(spec: &ConvSpec<'_>, storage: Storage) -> Result<(), Refusal> {
    let (least, greatest) = storage.range();
    let is_stored = spec.is_real() || (least..=greatest).contains(&spec.input_zero);
    assert!(is_stored, "zero point {} is no stored value", spec.input_zero);
    // A zero point that only a run knows is at an end at worst, as sums are linear in it.
    let zeros = if spec.is_real() { [least, greatest] } else { [spec.input_zero; 2] };
    let pixels = zeros.map(|zero| [least, greatest].map(|stored| i64::from(stored) - i64::from(zero)));
    for (part, of_part) in spec.parts.iter().enumerate() {
        let depth = spec.depth();
        for channel in 0..of_part.weights.bytes.len() / depth {
            let of_channel = channel * depth..(channel + 1) * depth;
            if !pixels.iter().all(|&pixels| exact(&of_part.weights, of_channel.clone(), pixels)) {
                return Err(Refusal::Sums { part, channel });
            }
        }
    }
    Ok(())
}

/// Whether the accumulators of an output channel come out exact, for pixels less their zero point within two ends.
fn exact(weights: &Weights<'_>, channel: Range<usize>, [least, greatest]: [i64; 2]) -> bool {
    let far = weights.ends(channel.clone()).map(|end| i32::from(end).saturating_sub(weights.signed_zero()));
    let [positive, negative] = weights.sums_around_zero(channel);
    let ends = [positive * least - negative * greatest, positive * greatest - negative * least];
    far.iter().all(|weight| weight.abs() <= LARGEST_WEIGHT) && ends.iter().all(|end| EXACT.contains(end))
}
