//! The scale and the zero point that a range asks for (`docs/numerics.md` §15).

use super::range::PieceRange;
use crate::activation_scale::ActivationScale;
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// Scale and zero point of a row with what elements are multiplied with.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowScale {
    /// The zero point in the file's domain.
    pub(super) scale: ActivationScale,
    pub(super) inverse: f32,
}

impl RowScale {
    /// Of a row of nothing but zeros.
    const OF_ZEROS: Self = Self { scale: ActivationScale { scale: 1.0, zero: 0 }, inverse: 1.0 };

    /// For elements of this range.
    pub(super) fn of(range: PieceRange, symmetric: bool) -> Self {
        if symmetric { Self::symmetric(range) } else { Self::asymmetric(range) }
    }

    fn symmetric(PieceRange { min, max, .. }: PieceRange) -> Self {
        let range = if -min > max { -min } else { max };
        if range == 0.0 {
            return Self::OF_ZEROS;
        }
        Self { scale: ActivationScale { scale: range / 127.0, zero: 0 }, inverse: 127.0 / range }
    }

    /// The zero point is the nearer of those that the two ends of the range ask for.
    fn asymmetric(PieceRange { min, max, .. }: PieceRange) -> Self {
        if min == max {
            return Self::OF_ZEROS;
        }
        let scale = f64::from(max - min) / 255.0;
        let (from_min, from_max) = (f64::from(min) / scale, f64::from(max) / scale);
        // An end that is infinite asks for no number; the other one decides then.
        let nearer =
            if 127.0 + from_max.abs() <= 128.0 + from_min.abs() { 127.0 - from_max } else { -128.0 - from_min };
        let zero = nearer.clamp(-128.0, 127.0).round() as i32;
        let scale = scale as f32;
        Self { scale: ActivationScale { scale, zero }, inverse: 1.0 / scale }
    }
}
