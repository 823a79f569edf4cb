//! The kernel table.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

#[cfg(target_arch = "aarch64")]
use super::dotprod::{self as dot_halves, DotHalvesTile};
#[cfg(target_arch = "aarch64")]
use super::i8mm::{self as matrix_halves, MatrixHalvesTile};
use super::pack::Packing;
use super::tile::{PairTile, TileFn};
use crate::arch::Pairs16;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "convolution of 16 bits";

/// The tiles of one instruction set.
pub(super) struct Descriptor {
    pub(super) isa: Isa,
    pub(super) name: &'static str,
    pub(super) packing: Packing,
    /// Those of 1, 2, ... rows.
    pub(super) tiles: &'static [TileFn],
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// The entry points of an instruction set's tiles of 1, 2, ... rows.
macro_rules! heights {
    ($isa:ident: $tile:ident<_>; $($rows:literal)+) => {
        &[$($isa::enter::<$tile<$rows>>),+]
    };
}

/// Tiles of pairs.
const fn pairs<A: Pairs16>(name: &'static str, tiles: &'static [TileFn]) -> Descriptor {
    Descriptor { isa: A::ISA, name, packing: Packing::pairs::<A>(), tiles }
}

/// Tiles of every instruction set of this build, best first.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        // `vpdpwssd` multiplies pairs and adds.
        pairs::<Avx512Vnni>(
            "gemm_s16s8_avx512vnni_12x16",
            heights!(Avx512Vnni: PairTile<_>; 1 2 3 4 5 6 7 8 9 10 11 12),
        ),
        // `vpmaddwd`, then an addition.
        pairs::<Avx2>("gemm_s16s8_avx2_6x16", heights!(Avx2: PairTile<_>; 1 2 3 4 5 6)),
        pairs::<Sse41>("gemm_s16s8_sse41_2x16", heights!(Sse41: PairTile<_>; 1 2));
    aarch64:
        Descriptor {
            isa: Isa::I8mm,
            name: "gemm_s16s8_i8mm_2x16",
            packing: Packing::bytes(matrix_halves::GROUP),
            tiles: heights!(I8mm: MatrixHalvesTile<_>; 1 2),
        },
        Descriptor {
            isa: Isa::DotProd,
            name: "gemm_s16s8_dotprod_3x16",
            packing: Packing::bytes(dot_halves::GROUP),
            tiles: heights!(DotProd: DotHalvesTile<_>; 1 2 3),
        },
        // `smlal` by element. 32 registers: 5 rows by four registers of sums are 20 accumulators, a register of eight
        // activations for each row, and two of weights with two more for the next ones. Elements of 16 bits are multiplied
        // from the lower sixteen registers only.
        pairs::<Neon>("gemm_s16s8_neon_5x16", heights!(Neon: PairTile<_>; 1 2 3 4 5));
    any: pairs::<Scalar>("gemm_s16s8_scalar_4x16", heights!(Scalar: PairTile<_>; 1 2 3 4))
];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
