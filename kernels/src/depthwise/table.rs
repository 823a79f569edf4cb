//! The kernel table.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::quads::QuadKernel;
use super::sliding_columns::SlidingColumnKernel;
use super::sliding_rows::SlidingRowKernel;
use super::tile::Tiles;
use crate::arch::InstructionSet;
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "depthwise";

/// The kernels of one instruction set.
pub(super) struct Descriptor {
    pub(super) isa: Isa,
    /// The name of the tiles.
    pub(super) name: &'static str,
    /// Tiles for any window.
    pub(super) tiles: Tiles,
    /// Four taps at a time, where the instruction set adds up four products.
    pub(super) quads: Option<QuadKernel>,
    /// Square windows that slide along rows, on the same condition.
    pub(super) columns: Option<SlidingColumnKernel>,
    /// Square windows that slide along rows of eight channels, best first.
    pub(super) rows: &'static [SlidingRowKernel],
}

/// The kernels of every instruction set of this build, best first; names have stored types, instruction set, and pixels by
/// channels of a step.
///
/// The tiles of AVX2 (`vpmovzxbd`, `vpmaddwd`, `vpaddd`) take 6 pixels by two registers of channels: 12 of 16 registers are
/// accumulators, the others a tap's weights and two temporaries. Of the 32 registers of AVX-512 (`vpmovzxbd`, `vpdpwssd`), 8
/// accumulators are enough to hide the latency of the dot product.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor {
            quads: Some(QuadKernel::of::<Avx512Vnni>("depthwise_u8s8_avx512vnni_4x64k4")),
            columns: Some(SlidingColumnKernel::of::<Avx512Vnni>("depthwise_u8s8_avx512vnni_rowx64k4")),
            ..Descriptor::of::<Avx512Vnni>("depthwise_u8_avx512vnni_8x16", Tiles::of::<Avx512Vnni, 8>())
        },
        Descriptor::of::<Avx2>("depthwise_u8_avx2_6x16", Tiles::of::<Avx2, 6>()),
        Descriptor::of::<Sse41>("depthwise_u8_sse41_2x16", Tiles::of::<Sse41, 2>());
    aarch64:
        Descriptor {
            rows: super::sliding_rows::DOTPROD,
            ..Descriptor::of::<DotProd>("depthwise_s8_dotprod_4x16", super::neon_tile::TILES)
        },
        Descriptor {
            rows: super::sliding_rows::NEON,
            ..Descriptor::of::<Neon>("depthwise_s8_neon_4x16", super::neon_tile::TILES)
        };
    any: Descriptor {
        quads: if DOT_FORMS { Some(QuadKernel::of::<Scalar>("depthwise_u8s8_scalar_4x64k4")) } else { None },
        columns: if DOT_FORMS { Some(SlidingColumnKernel::of::<Scalar>("depthwise_u8s8_scalar_rowx64k4")) } else { None },
        ..Descriptor::of::<Scalar>("depthwise_u8_scalar_2x16", Tiles::of::<Scalar, 2>())
    }
];

/// Whether the portable entry has the kernels for dot products of four, besides the plain tiles. They are more than a
/// megabyte of code, and where every CPU has vectors (64-bit ARM) or every one of the last fifteen years (64-bit x86),
/// portable code runs only when asked to; tests have them everywhere.
const DOT_FORMS: bool = cfg!(any(test, not(any(target_arch = "aarch64", target_arch = "x86_64"))));

impl Descriptor {
    /// Kernels for any window.
    const fn of<A: InstructionSet>(name: &'static str, tiles: Tiles) -> Self {
        Self { isa: A::ISA, name, tiles, quads: None, columns: None, rows: &[] }
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        let quads = self.quads.map(|kernel| kernel.name);
        let columns = self.columns.map(|kernel| kernel.name);
        // Those of another instruction set are named by its entry.
        let rows = self.rows.iter().filter(|kernel| kernel.isa() == self.isa).map(SlidingRowKernel::name);
        [Some(self.name), quads, columns].into_iter().flatten().chain(rows).map(Into::into).collect()
    }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
