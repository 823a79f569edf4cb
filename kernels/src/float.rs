//! Functions of floats that the core library lacks, by `libm`: those whose results are exact, or the nearest there are.

/// As the standard library's methods of the same names.
pub(crate) trait Float: Sized {
    fn round(self) -> Self;
    fn exp2(self) -> Self;
    fn mul_add(self, factor: Self, term: Self) -> Self;
}

impl Float for f32 {
    fn round(self) -> Self {
        libm::roundf(self)
    }

    fn exp2(self) -> Self {
        libm::exp2f(self)
    }

    fn mul_add(self, factor: Self, term: Self) -> Self {
        libm::fmaf(self, factor, term)
    }
}

impl Float for f64 {
    fn round(self) -> Self {
        libm::round(self)
    }

    fn exp2(self) -> Self {
        libm::exp2(self)
    }

    fn mul_add(self, factor: Self, term: Self) -> Self {
        libm::fma(self, factor, term)
    }
}
