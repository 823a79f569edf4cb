//! ABS and NEG (`docs/numerics.md` §7.25).

use crate::element::Quantized;
use crate::error::Result;
use crate::fixed::Multiplier;
use crate::scales;

/// Parameters of [`absolute`].
#[derive(Clone, Copy, Debug)]
pub struct AbsoluteParams {
    /// Zero point of the input.
    pub input_zero_point: i32,
    /// Input scale over output scale; none where they are equal.
    pub multiplier: Option<Multiplier>,
    /// Zero point of the output.
    pub output_zero_point: i32,
}

impl AbsoluteParams {
    /// From scale and zero point of `input` and `output`.
    ///
    /// # Errors
    /// When the scales give a multiplier that is not finite or too large.
    pub fn new(input: (f32, i32), output: (f32, i32)) -> Result<Self> {
        let multiplier = if input.0 == output.0 { None } else { Some(scales::rescale_f32(input.0, output.0)?) };
        Ok(Self { input_zero_point: input.1, multiplier, output_zero_point: output.1 })
    }
}

/// The magnitude of the real value.
///
/// # Panics
/// When input and output differ in length.
pub fn absolute<X: Quantized>(params: &AbsoluteParams, input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        let magnitude = x.to_i32().wrapping_sub(params.input_zero_point).wrapping_abs();
        let scaled = params.multiplier.map_or(magnitude, |multiplier| multiplier.apply(magnitude));
        *out = X::from_clamped(scaled.wrapping_add(params.output_zero_point));
    }
}

/// A number with a sign, in two's complement or as a float.
pub trait Signed: Copy {
    /// `-self`; the least integer stays what it is.
    fn negated(self) -> Self;

    /// The magnitude; the least integer stays what it is.
    fn magnitude(self) -> Self;
}

macro_rules! signed {
    ($($integer:ident)*) => {
        $(impl Signed for $integer {
            fn negated(self) -> Self {
                self.wrapping_neg()
            }

            fn magnitude(self) -> Self {
                self.wrapping_abs()
            }
        })*
    };
}
signed!(i8 i16 i32 i64);

impl Signed for f32 {
    fn negated(self) -> Self {
        -self
    }

    fn magnitude(self) -> Self {
        self.abs()
    }
}

/// NEG: the stored value negated, scales and zero points ignored.
///
/// # Panics
/// When input and output differ in length.
pub fn negate<X: Signed>(input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        *out = x.negated();
    }
}

/// ABS of numbers that are not quantized.
///
/// # Panics
/// When input and output differ in length.
pub fn magnitude<X: Signed>(input: &[X], output: &mut [X]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        *out = x.magnitude();
    }
}
