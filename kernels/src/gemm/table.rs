//! The kernel table: which method and which tiles each instruction set has.

use alloc::borrow::Cow;
use alloc::vec::Vec;

#[cfg(target_arch = "x86_64")]
use super::amx::AmxBlock;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::blocks::{Blocks, LeastBlock};
use super::direct::DirectTiles;
#[cfg(target_arch = "aarch64")]
use super::dotprod::DotTile;
#[cfg(target_arch = "aarch64")]
use super::i8mm::I8mmBlock;
use super::layout::Layout;
use super::method::Method;
#[cfg(target_arch = "aarch64")]
use super::neon::NeonTile;
use super::shape::{FAMILY, KernelName};
use super::tile::{GemmTile, RowSums, RowSumsFn};
#[cfg(target_arch = "x86_64")]
use super::widening::{CountHalves, HalvesPacker, PackUnit, WideningTile, WideningTiles};
#[cfg(target_arch = "x86_64")]
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    pub(crate) isa: Isa,
    /// How it multiplies.
    pub(crate) method: &'static dyn Method,
    /// Sums of activations.
    pub(crate) row_sums: RowSumsFn,
    /// Whether its tiles scale sums in floats where that is proven to be exact.
    pub(crate) float_depth: usize,
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.method.kernels().into_iter().map(|kernel| kernel.name).collect()
    }
}

/// The entry points of an instruction set's tiles of one width, of 1, 2, ... rows.
macro_rules! heights {
    ($isa:ident: $tile:ident<_>; $($rows:literal)+) => {
        &[$($isa::enter::<$tile<$rows>>),+]
    };
    ($isa:ident: $tile:ident<_, $width:literal>; $($rows:literal)+) => {
        &[$($isa::enter::<$tile<$rows, $width>>),+]
    };
}
#[cfg(test)]
pub(super) use heights;

/// The entry points of an instruction set that pack for its tiles.
#[cfg(any(target_arch = "x86_64", test))]
macro_rules! packer {
    ($isa:ident) => {
        HalvesPacker { count: $isa::enter::<CountHalves>, pack: $isa::enter::<PackUnit> }
    };
}
#[cfg(test)]
pub(super) use packer;

const fn name(isa: Isa, depth: usize) -> KernelName {
    KernelName { isa, depth }
}

/// 32 registers: up to 27 accumulators, a line of weights for each panel and one broadcast quad.
/// 6x64 loads 10 registers for 24 dot products, 9x48 12 for 27, 14x32 16 for 28: a core with two
/// loads and two dot products a cycle is bound by the dot products.
#[cfg(target_arch = "x86_64")]
static AVX512VNNI: DirectTiles = DirectTiles {
    name: name(Isa::Avx512Vnni, 4),
    layout: Layout::side_by_side(4),
    tiles: &[
        heights!(Avx512Vnni: GemmTile<_, 1>; 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
        heights!(Avx512Vnni: GemmTile<_, 2>; 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
        heights!(Avx512Vnni: GemmTile<_, 3>; 1 2 3 4 5 6 7 8 9),
        heights!(Avx512Vnni: GemmTile<_, 4>; 1 2 3 4 5 6),
    ],
    unpaired_tiles: &[],
};

/// The kernels of every instruction set of this build, best first.
pub(crate) static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor {
            isa: Isa::Amx,
            method: &Blocks {
                name: name(Isa::Amx, 64),
                layout: Layout::side_by_side(4).in_tiles(AmxBlock::TILE_LINES),
                shape: AmxBlock::SHAPE,
                // The rows of a block share most of their activations, and tiles come from the second level as well.
                copies_rows: false,
                slack_lines: AmxBlock::SLACK_LINES,
                workspace_lines: AmxBlock::workspace_lines,
                run: Amx::enter::<AmxBlock>,
                // Few rows waste most of a tile, and so do few columns and short K.
                least: LeastBlock { rows: 6, lines: AmxBlock::LEAST_LINES, panel_lines: 64 },
                tiles: Some(&AVX512VNNI),
            },
            row_sums: Avx512Vnni::enter::<RowSums>,
            float_depth: Avx512Vnni::FLOAT_DEPTH,
        },
        Descriptor {
            isa: Isa::Avx512Vnni,
            method: &AVX512VNNI,
            row_sums: Avx512Vnni::enter::<RowSums>,
            float_depth: Avx512Vnni::FLOAT_DEPTH,
        },
        // 16 registers: 6 rows by two `ymm` of columns are 12 accumulators, and there are two registers of weights and a
        // quad. The dot product adds in 32 bits without saturation, so weights stay whole.
        Descriptor {
            isa: Isa::AvxVnni,
            method: &DirectTiles {
                name: name(Isa::AvxVnni, 4),
                layout: Layout::side_by_side(4),
                tiles: &[heights!(AvxVnni: GemmTile<_, 1>; 1 2 3 4 5 6)],
                unpaired_tiles: &[],
            },
            row_sums: AvxVnni::enter::<RowSums>,
            float_depth: AvxVnni::FLOAT_DEPTH,
        },
        Descriptor {
            isa: Isa::Avx2,
            method: &WideningTiles {
                name: name(Isa::Avx2, 4),
                tiles: heights!(Avx2: WideningTile<_>; 1 2 3 4 5 6 7 8),
                packer: packer!(Avx2),
            },
            row_sums: Avx2::enter::<RowSums>,
            float_depth: Avx2::FLOAT_DEPTH,
        },
        // Eight columns are two registers: 4 rows are 8 accumulators, and weights are read where they are multiplied.
        Descriptor {
            isa: Isa::Sse41,
            method: &WideningTiles {
                name: name(Isa::Sse41, 4),
                tiles: heights!(Sse41: WideningTile<_>; 1 2 3 4),
                packer: packer!(Sse41),
            },
            row_sums: Sse41::enter::<RowSums>,
            float_depth: Sse41::FLOAT_DEPTH,
        };
    aarch64:
        Descriptor {
            isa: Isa::I8mm,
            method: &Blocks {
                name: name(Isa::I8mm, 8),
                layout: Layout::side_by_side(8),
                shape: I8mmBlock::SHAPE,
                copies_rows: true,
                slack_lines: 0,
                workspace_lines: I8mmBlock::workspace_lines,
                run: I8mm::enter::<I8mmBlock>,
                least: LeastBlock { rows: 0, lines: 0, panel_lines: 0 },
                tiles: None,
            },
            row_sums: Neon::enter::<RowSums>,
            float_depth: Neon::FLOAT_DEPTH,
        },
        Descriptor {
            isa: Isa::DotProd,
            method: &DirectTiles {
                name: name(Isa::DotProd, 4),
                layout: Layout::side_by_side(4),
                tiles: &[heights!(DotProd: DotTile<_>; 1 2 3 4 5 6)],
                unpaired_tiles: &[],
            },
            row_sums: Neon::enter::<RowSums>,
            float_depth: Neon::FLOAT_DEPTH,
        },
        Descriptor {
            isa: Isa::Neon,
            method: &DirectTiles {
                name: name(Isa::Neon, 16),
                layout: Layout::side_by_side(16),
                tiles: &[heights!(Neon: NeonTile<_, true>; 1 2 3 4)],
                unpaired_tiles: &[heights!(Neon: NeonTile<_, false>; 1 2 3 4)],
            },
            row_sums: Neon::enter::<RowSums>,
            float_depth: Neon::FLOAT_DEPTH,
        };
    any:
        Descriptor {
            isa: Isa::Scalar,
            method: &DirectTiles {
                name: name(Isa::Scalar, 4),
                layout: Layout::side_by_side(4),
                tiles: &[heights!(Scalar: GemmTile<_, 1>; 1 2), heights!(Scalar: GemmTile<_, 2>; 1 2)],
                unpaired_tiles: &[],
            },
            row_sums: Scalar::enter::<RowSums>,
            float_depth: Scalar::FLOAT_DEPTH,
        }
];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
