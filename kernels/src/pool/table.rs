//! The kernel table, and which kernel of an entry a window takes.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::edges::{AverageToEdges, EdgesFn};
use super::tile::{Average, Maximum, TileFn};
use crate::arch::Wide;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "pooling";

/// Windows that tiles are unrolled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WindowShape {
    /// Any window, one output at a time.
    Any,
    /// Three taps across, one input pixel from one output to the next; any taps down.
    ThreeByOne,
    /// The same with three taps down.
    SquareByOne,
    /// Three taps across, two input pixels from one output to the next; any taps down.
    ThreeByTwo,
    /// The same with three taps down.
    SquareByTwo,
    /// Two taps down and across, two input pixels from one output to the next.
    TwoByTwo,
}

/// Shapes of windows.
const WINDOW_SHAPES: usize = 6;

impl WindowShape {
    /// The shape of a number of taps down and across, and a stride across.
    pub(super) fn of(taps: [usize; 2], stride: usize) -> Self {
        match (taps, stride) {
            ([0, _], _) => Self::Any,
            ([3, 3], 1) => Self::SquareByOne,
            ([_, 3], 1) => Self::ThreeByOne,
            ([3, 3], 2) => Self::SquareByTwo,
            ([_, 3], 2) => Self::ThreeByTwo,
            ([2, 2], 2) => Self::TwoByTwo,
            _ => Self::Any,
        }
    }
}

/// The tiles of each [`WindowShape`] for an instruction set; the parameters of a kernel are taps across, stride and taps
/// down, and 0 stands for any.
macro_rules! shapes {
    ($arch:ident, $kernel:ident) => {
        [
            $arch::enter::<$kernel<0, 1, 0>>,
            $arch::enter::<$kernel<3, 1, 0>>,
            $arch::enter::<$kernel<3, 1, 3>>,
            $arch::enter::<$kernel<3, 2, 0>>,
            $arch::enter::<$kernel<3, 2, 3>>,
            $arch::enter::<$kernel<2, 2, 2>>,
        ]
    };
}

/// The tiles of one instruction set.
pub(super) struct Descriptor {
    pub(super) isa: Isa,
    /// Bytes of a register.
    pub(super) width: usize,
    pub(super) average_name: &'static str,
    pub(super) maximum_name: &'static str,
    average: [TileFn; WINDOW_SHAPES],
    maximum: [TileFn; WINDOW_SHAPES],
    /// Averages of three by three taps, from edge to edge.
    pub(super) average_to_edges: EdgesFn,
}

/// The kernels of every instruction set of this build, best first; names have stored type, instruction set and bytes.
///
/// On x86 a maximum is `vpmaxub`, and sums are 16-bit lanes of even and of odd bytes; on ARM they are `smax` and `saddw`.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>("average_pool_u8_avx512vnni_x64", "max_pool_u8_avx512vnni_x64"),
        Descriptor::of::<Avx2>("average_pool_u8_avx2_x32", "max_pool_u8_avx2_x32"),
        Descriptor::of::<Sse41>("average_pool_u8_sse41_x16", "max_pool_u8_sse41_x16");
    aarch64: Descriptor::of::<Neon>("average_pool_s8_neon_x16", "max_pool_s8_neon_x16");
    any: Descriptor::of::<Scalar>("average_pool_u8_scalar_x16", "max_pool_u8_scalar_x16")
];

impl Descriptor {
    const fn of<A: Wide>(average_name: &'static str, maximum_name: &'static str) -> Self {
        Self {
            isa: A::ISA,
            width: A::WIDTH,
            average_name,
            maximum_name,
            average: shapes!(A, Average),
            maximum: shapes!(A, Maximum),
            average_to_edges: A::enter::<AverageToEdges>,
        }
    }

    /// The tile of averages for a shape of windows.
    pub(super) fn average(&self, shape: WindowShape) -> TileFn {
        self.average[shape as usize]
    }

    /// The tile of maxima for a shape of windows.
    pub(super) fn maximum(&self, shape: WindowShape) -> TileFn {
        self.maximum[shape as usize]
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.average_name.into(), self.maximum_name.into()]
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
