//! The quantized storage types.

use core::fmt::Debug;

mod sealed {
    pub trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for u8 {}
    impl Sealed for i16 {}
}

/// A quantized element: `i8`, `u8` or `i16`.
pub trait Quantized: sealed::Sealed + Copy + Ord + Debug + Default + Send + Sync + 'static {
    /// Smallest storable value.
    const MIN: i32;
    /// Largest storable value.
    const MAX: i32;

    /// The raw stored value, zero point not removed.
    fn to_i32(self) -> i32;

    /// The nearest storable value.
    fn from_clamped(value: i32) -> Self;
}

impl Quantized for i8 {
    const MIN: i32 = -128;
    const MAX: i32 = 127;

    fn to_i32(self) -> i32 {
        i32::from(self)
    }

    fn from_clamped(value: i32) -> Self {
        value.clamp(<Self as Quantized>::MIN, <Self as Quantized>::MAX) as i8
    }
}

impl Quantized for u8 {
    const MIN: i32 = 0;
    const MAX: i32 = 255;

    fn to_i32(self) -> i32 {
        i32::from(self)
    }

    fn from_clamped(value: i32) -> Self {
        value.clamp(<Self as Quantized>::MIN, <Self as Quantized>::MAX) as u8
    }
}

impl Quantized for i16 {
    const MIN: i32 = -32768;
    const MAX: i32 = 32767;

    fn to_i32(self) -> i32 {
        i32::from(self)
    }

    fn from_clamped(value: i32) -> Self {
        value.clamp(<Self as Quantized>::MIN, <Self as Quantized>::MAX) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storing_saturates_at_both_ends_and_keeps_every_value_between() {
        for value in -70_000..=70_000 {
            assert_eq!(i16::from_clamped(value).to_i32(), value.clamp(-32768, 32767));
            assert_eq!(i8::from_clamped(value).to_i32(), value.clamp(-128, 127));
            assert_eq!(u8::from_clamped(value).to_i32(), value.clamp(0, 255));
        }
        assert_eq!(i8::from_clamped(i32::MIN), -128);
        assert_eq!(u8::from_clamped(i32::MAX), 255);
    }
}
