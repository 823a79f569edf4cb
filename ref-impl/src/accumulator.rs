//! The two widths of sums of products (`docs/numerics.md` §2.3, §2.4).

use crate::fixed::Multiplier;

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

/// A sum of products, which is also the type of the bias: `i32`, or `i64` where activations have 16 bits.
///
/// The width is part of the result. A 32-bit sum is requantized with all 31 bits of the multiplier and two roundings,
/// a 64-bit one with the upper 16 bits and one rounding.
pub trait Accumulator: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// `self + a · b`, wrapping.
    fn add_product(self, a: i32, b: i32) -> Self;

    /// `self + other`, wrapping.
    fn add(self, other: Self) -> Self;

    /// The sum times a real factor.
    fn requantize(self, multiplier: Multiplier) -> i32;

    /// The nearest f64.
    fn to_f64(self) -> f64;
}

impl Accumulator for i32 {
    fn add_product(self, a: i32, b: i32) -> Self {
        self.wrapping_add(a.wrapping_mul(b))
    }

    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn requantize(self, multiplier: Multiplier) -> i32 {
        multiplier.apply(self)
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Accumulator for i64 {
    fn add_product(self, a: i32, b: i32) -> Self {
        self.wrapping_add(i64::from(a) * i64::from(b))
    }

    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn requantize(self, multiplier: Multiplier) -> i32 {
        multiplier.apply_wide(self)
    }

    fn to_f64(self) -> f64 {
        self as f64
    }
}
