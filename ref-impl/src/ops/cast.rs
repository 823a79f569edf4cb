//! CAST between types of numbers, on stored values (`docs/numerics.md` §7.30).

/// A number of any type, exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// An integer or a truth value.
    Integer(i128),
    /// A float.
    Real(f64),
}

/// A type that CAST converts from and to.
pub trait Number: Copy {
    /// The value itself.
    fn to_scalar(self) -> Scalar;

    /// The nearest float; integers modulo their range; floats truncated and saturated to integers,
    /// NaN to the greatest one.
    fn from_scalar(scalar: Scalar) -> Self;
}

macro_rules! integers {
    ($($integer:ident)*) => {
        $(impl Number for $integer {
            fn to_scalar(self) -> Scalar {
                Scalar::Integer(self.into())
            }

            fn from_scalar(scalar: Scalar) -> Self {
                match scalar {
                    Scalar::Integer(value) => value as Self,
                    Scalar::Real(value) if value.is_nan() => Self::MAX,
                    Scalar::Real(value) => value as Self,
                }
            }
        })*
    };
}
integers!(i8 u8 i16 u16 i32 u32 i64 u64);

macro_rules! floats {
    ($($float:ident)*) => {
        $(impl Number for $float {
            fn to_scalar(self) -> Scalar {
                Scalar::Real(self.into())
            }

            fn from_scalar(scalar: Scalar) -> Self {
                match scalar {
                    Scalar::Integer(value) => value as Self,
                    Scalar::Real(value) => value as Self,
                }
            }
        })*
    };
}
floats!(f32 f64);

impl Number for bool {
    fn to_scalar(self) -> Scalar {
        Scalar::Integer(self.into())
    }

    fn from_scalar(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Integer(value) => value != 0,
            Scalar::Real(value) => value != 0.0,
        }
    }
}

/// Converts each element.
///
/// # Panics
/// When input and output differ in length.
pub fn cast<X: Number, Y: Number>(input: &[X], output: &mut [Y]) {
    assert_eq!(input.len(), output.len(), "lengths of input and output");
    for (x, out) in input.iter().zip(output) {
        *out = Y::from_scalar(x.to_scalar());
    }
}
