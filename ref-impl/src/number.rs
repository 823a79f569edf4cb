//! Unquantized elements of the operators that also run on plain numbers.

use core::fmt::Debug;

use crate::real;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

/// An unquantized element: `f32`, `i32` or `i64`. Integer arithmetic wraps.
pub trait Number: sealed::Sealed + Copy + PartialOrd + Debug + Default + Send + Sync + 'static {
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self · other`.
    fn times(self, other: Self) -> Self;
    /// A bound of a fused activation; integers saturate.
    fn bound(real: f32) -> Self;

    /// The number; where it is no number, the one NaN that operators compute.
    fn one_nan(self) -> Self {
        self
    }

    /// `min(max(self, lo), hi)`, where a comparison with NaN keeps the number itself.
    fn clamp_to(self, [lo, hi]: [Self; 2]) -> Self {
        let raised = if self < lo { lo } else { self };
        if hi < raised { hi } else { raised }
    }
}

impl Number for f32 {
    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn bound(real: f32) -> Self {
        real
    }

    fn one_nan(self) -> Self {
        real::one_nan(self)
    }
}

macro_rules! integer {
    ($($integer:ty),*) => {$(
        impl Number for $integer {
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            fn bound(real: f32) -> Self {
                real as Self
            }
        }
    )*};
}

integer!(i32, i64);
