//! Functions of floats that the core library lacks, by `libm`: those whose results are exact, or the nearest there are.

/// As the standard library's methods of the same names.
pub(crate) trait Float: Sized {
    fn round(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn sqrt(self) -> Self;
    fn exp2(self) -> Self;
    fn mul_add(self, factor: Self, addend: Self) -> Self;
}

impl Float for f32 {
    fn round(self) -> Self {
        libm::roundf(self)
    }

    fn floor(self) -> Self {
        libm::floorf(self)
    }

    fn ceil(self) -> Self {
        libm::ceilf(self)
    }

    fn sqrt(self) -> Self {
        libm::sqrtf(self)
    }

    fn exp2(self) -> Self {
        libm::exp2f(self)
    }

    fn mul_add(self, factor: Self, addend: Self) -> Self {
        libm::fmaf(self, factor, addend)
    }
}

impl Float for f64 {
    fn round(self) -> Self {
        libm::round(self)
    }

    fn floor(self) -> Self {
        libm::floor(self)
    }

    fn ceil(self) -> Self {
        libm::ceil(self)
    }

    fn sqrt(self) -> Self {
        libm::sqrt(self)
    }

    fn exp2(self) -> Self {
        libm::exp2(self)
    }

    fn mul_add(self, factor: Self, addend: Self) -> Self {
        libm::fma(self, factor, addend)
    }
}
