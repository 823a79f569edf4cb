//! When Winograd transforms are used.

use ottava_kernels::gemm::winograd::When;

/// When to compute 3x3 convolutions with fewer products, by exact Winograd transforms. Outputs are the same either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Winograd {
    /// Where it is estimated to be faster.
    #[default]
    Auto,
    /// Never.
    Never,
    /// Wherever it is exact and the instruction set has kernels for it, faster or not: to compare.
    Always,
}

impl From<Winograd> for When {
    fn from(winograd: Winograd) -> Self {
        match winograd {
            Winograd::Auto => Self::Faster,
            Winograd::Never => Self::Never,
            Winograd::Always => Self::Exact,
        }
    }
}
