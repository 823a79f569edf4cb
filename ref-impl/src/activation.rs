//! Fused activations as clamping ranges of the output type (`docs/numerics.md` §2.5).

use crate::element::Quantized;
use crate::error::{Error, Result};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;

/// A fused activation function that is a clamp of the real value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// No bound but the type's.
    #[default]
    None,
    /// `max(x, 0)`.
    Relu,
    /// `clamp(x, 0, 6)`.
    Relu6,
    /// `clamp(x, -1, 1)`.
    ReluN1To1,
}

/// The closed range that an operator clamps its output to, in stored values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ActivationRange {
    /// Smallest value the operator stores.
    pub lo: i32,
    /// Largest value the operator stores.
    pub hi: i32,
}

impl ActivationRange {
    /// The whole range of the element type.
    pub fn full<X: Quantized>() -> Self {
        Self { lo: X::MIN, hi: X::MAX }
    }

    /// `min(max(value, lo), hi)`: defined, unlike `i32::clamp`, when `lo > hi`.
    pub fn clamp(self, value: i32) -> i32 {
        value.max(self.lo).min(self.hi)
    }
}

/// The range of `activation` on an output of type `X` with this scale and zero point.
///
/// # Errors
/// When a bound does not fit 32 bits once quantized.
pub fn activation_range<X: Quantized>(activation: Activation, scale: f32, zero_point: i32) -> Result<ActivationRange> {
    let quantize = |real: f32| {
        let rounded = (real / scale).round();
        let fits = (-2_147_483_648.0..2_147_483_648.0).contains(&rounded);
        fits.then_some(rounded as i32)
            .and_then(|q| q.checked_add(zero_point))
            .ok_or(Error::ActivationOutOfRange { scale, zero_point })
    };
    let ActivationRange { lo, hi } = ActivationRange::full::<X>();
    Ok(match activation {
        Activation::None => ActivationRange { lo, hi },
        Activation::Relu => ActivationRange { lo: lo.max(quantize(0.0)?), hi },
        Activation::Relu6 => ActivationRange { lo: lo.max(quantize(0.0)?), hi: hi.min(quantize(6.0)?) },
        Activation::ReluN1To1 => ActivationRange { lo: lo.max(quantize(-1.0)?), hi: hi.min(quantize(1.0)?) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range<X: Quantized>(activation: Activation, scale: f32, zero_point: i32) -> (i32, i32) {
        let range = activation_range::<X>(activation, scale, zero_point).unwrap();
        (range.lo, range.hi)
    }

    #[test]
    fn none_is_the_whole_type() {
        assert_eq!(range::<i8>(Activation::None, 1e-30, 5), (-128, 127));
        assert_eq!(range::<u8>(Activation::None, 1e-30, 5), (0, 255));
    }

    #[test]
    fn bounds_are_rounded_half_away_from_zero_and_cut_by_the_type() {
        assert_eq!(range::<i8>(Activation::Relu, 0.1, -128), (-128, 127));
        assert_eq!(range::<i8>(Activation::Relu, 0.1, 3), (3, 127));
        assert_eq!(range::<u8>(Activation::Relu6, 0.1, 10), (10, 70));
        assert_eq!(range::<u8>(Activation::Relu6, 6.0 / 255.0, 0), (0, 255));
        assert_eq!(range::<u8>(Activation::Relu6, 0.01, 0), (0, 255));
        // 6 / 4 = 1.5 rounds to 2; ±1 / 2 = ±0.5 round to ±1.
        assert_eq!(range::<i8>(Activation::Relu6, 4.0, 0), (0, 2));
        assert_eq!(range::<i8>(Activation::ReluN1To1, 2.0, 7), (6, 8));
        assert_eq!(range::<u8>(Activation::ReluN1To1, 0.5, 1), (0, 3));
    }

    #[test]
    fn a_bound_outside_32_bits_is_an_error() {
        for (scale, zero_point) in [(1e-10, 0), (0.0, 0), (f32::NAN, 0), (1.0, i32::MAX)] {
            assert!(activation_range::<i8>(Activation::Relu6, scale, zero_point).is_err());
        }
        assert!(activation_range::<i8>(Activation::Relu, 1e-10, 0).is_ok());
    }

    #[test]
    fn an_inverted_range_gives_its_upper_bound() {
        let range = ActivationRange { lo: 5, hi: -5 };
        assert_eq!(range.clamp(0), -5);
    }
}
