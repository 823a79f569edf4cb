//! The kernel table.

use std::borrow::Cow;

use super::edges::EdgesFn;
use super::tile::TileFn;
use crate::bound::{Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// How a tile walks windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
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

/// Ways to walk windows.
const WALKS: usize = 6;

impl Walk {
    /// The walk for a number of taps down and across, and a stride across.
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

/// The tiles of each [`Walk`], from a function `$tile` in scope whose parameters are taps across, stride and taps down; 0
/// are any.
macro_rules! walks {
    ($tile:ident) => {
        [$tile::<0, 1, 0>, $tile::<3, 1, 0>, $tile::<3, 1, 3>, $tile::<3, 2, 0>, $tile::<3, 2, 3>, $tile::<2, 2, 2>]
    };
}
pub(super) use walks;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "pooling";

/// The tiles of one instruction set, for each way to walk windows.
pub(crate) struct Descriptor {
    pub(super) isa: Isa,
    /// Bytes of a register.
    pub(super) width: usize,
    pub(super) average_name: &'static str,
    pub(super) maximum_name: &'static str,
    pub(super) average: [TileFn; WALKS],
    /// Averages of three by three taps, from edge to edge.
    pub(super) square: EdgesFn,
    pub(super) maximum: [TileFn; WALKS],
}

/// Tiles of every instruction set of this build, best first.
pub(super) static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &super::avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::neon::TILES,
    &super::scalar::TILES,
];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.average_name.into(), self.maximum_name.into()]
    }
}
