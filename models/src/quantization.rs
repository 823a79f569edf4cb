//! The two 8-bit forms and affine quantization parameters.

/// Which 8-bit type a network's activations and weights have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// int8 activations; symmetric int8 weights with a scale per output channel.
    Int8,
    /// The legacy form: uint8 activations and asymmetric uint8 weights, one scale a tensor.
    Uint8,
}

impl Form {
    /// Smallest and largest raw value.
    pub fn range(self) -> (i32, i32) {
        match self {
            Form::Int8 => (-128, 127),
            Form::Uint8 => (0, 255),
        }
    }

    /// The type's number in the file format.
    pub(crate) fn code(self) -> i8 {
        match self {
            Form::Int8 => 9,
            Form::Uint8 => 3,
        }
    }
}

/// real = `scale` * (raw - `zero_point`), one pair for a whole tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The real value of one step, positive.
    pub scale: f32,
    /// The raw value of real zero.
    pub zero_point: i32,
}

/// Keeps scales of tensors that are all zero positive.
const SMALLEST_SCALE: f32 = 1e-7;

/// A side of the zero point with fewer steps does not decide the scale.
const FEWEST_STEPS: i32 = 32;

impl Quantization {
    /// Parameters under which the real range `low..=high` fits into `form`, zero exactly representable.
    ///
    /// A wanted zero point is moved inward if no side with a fair part of the range had room; a side that it leaves
    /// little room is cut off.
    pub(crate) fn for_range(form: Form, (low, high): (f64, f64), zero_point: Option<i32>) -> Quantization {
        let (min, max) = form.range();
        let (low, high) = (low.min(0.0), high.max(0.0));
        let Some(wanted) = zero_point else {
            let scale = (((high - low) / 255.0) as f32).max(SMALLEST_SCALE);
            let zero_point = f64::from(min) - low / f64::from(scale);
            return Quantization { scale, zero_point: (zero_point.round() as i32).clamp(min, max) };
        };
        let fits = |extent: f64, steps: i32| steps >= FEWEST_STEPS && extent >= 0.2 * (high - low);
        let zero_point = match (fits(high, max - wanted) || fits(-low, wanted - min), high >= -low) {
            (true, _) => wanted,
            (false, true) => wanted.min(max - FEWEST_STEPS),
            (false, false) => wanted.max(min + FEWEST_STEPS),
        };
        let step = |extent: f64, steps: i32| if steps >= FEWEST_STEPS { extent / f64::from(steps) } else { 0.0 };
        let scale = step(high, max - zero_point).max(step(-low, zero_point - min));
        Quantization { scale: (scale as f32).max(SMALLEST_SCALE), zero_point }
    }

    /// Smallest and largest centered value (raw minus zero point) of `form`.
    pub(crate) fn centered_range(&self, form: Form) -> (i32, i32) {
        let (min, max) = form.range();
        (min - self.zero_point, max - self.zero_point)
    }
}

/// A fused activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// None.
    None,
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// min(max(x, -1), 1).
    ReluN1To1,
}

impl Activation {
    /// The real range it lets through.
    pub(crate) fn real_range(self) -> (f64, f64) {
        match self {
            Activation::None => (f64::NEG_INFINITY, f64::INFINITY),
            Activation::Relu => (0.0, f64::INFINITY),
            Activation::Relu6 => (0.0, 6.0),
            Activation::ReluN1To1 => (-1.0, 1.0),
        }
    }

    /// The centered range it lets through under `quantization` (numerics §2.5).
    pub(crate) fn centered_range(self, form: Form, quantization: Quantization) -> (i32, i32) {
        let (min, max) = quantization.centered_range(form);
        let (low, high) = self.real_range();
        let step = |real: f64| (real as f32 / quantization.scale).round() as i32;
        let low = if low.is_finite() { min.max(step(low)) } else { min };
        let high = if high.is_finite() { max.min(step(high)) } else { max };
        (low, high)
    }

    /// The function's number in the file format.
    pub(crate) fn code(self) -> i8 {
        match self {
            Activation::None => 0,
            Activation::Relu => 1,
            Activation::ReluN1To1 => 2,
            Activation::Relu6 => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu_range_puts_zero_at_the_minimum() {
        let q = Quantization::for_range(Form::Int8, (0.0, 2.55), None);
        assert_eq!(q, Quantization { scale: 0.01, zero_point: -128 });
        assert_eq!(Activation::Relu6.centered_range(Form::Int8, q), (0, 255));
    }

    #[test]
    fn a_given_zero_point_keeps_both_sides_inside() {
        let q = Quantization::for_range(Form::Uint8, (-1.0, 3.0), Some(200));
        assert_eq!(q, Quantization { scale: 3.0 / 55.0, zero_point: 200 });
        let end = Quantization::for_range(Form::Uint8, (-1.0, 3.0), Some(255));
        assert_eq!(end, Quantization { scale: 1.0 / 255.0, zero_point: 255 });
        let moved = Quantization::for_range(Form::Int8, (0.0, 3.2), Some(127));
        assert_eq!(moved, Quantization { scale: 0.1, zero_point: 95 });
    }
}
