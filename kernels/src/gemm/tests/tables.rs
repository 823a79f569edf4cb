//! Tables of kernels that are only for tests.

use super::super::shape::KernelName;
use super::super::table::{Descriptor, KERNELS, heights, packer};
use super::super::tile::RowSums;
use super::super::widening::{CountHalves, HalvesPacker, PackUnit, WideningTile, WideningTiles};
use super::layouts;
use crate::arch::{Arch, InstructionSet, Scalar};
use crate::isa::Isa;

/// The kernels of an instruction set, and those that are only for tests.
pub(super) fn of(isa: Isa) -> Vec<&'static [&'static Descriptor]> {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni => {
            vec![KERNELS, &BY_VL]
        }
        Isa::Scalar => vec![KERNELS, &WIDENING, &layouts::EIGHTS, &layouts::SIXTEENS, &layouts::IN_TILES],
        _ => vec![KERNELS],
    }
}

/// The tiles of AVX-VNNI with the instruction in the coding of AVX-512 VL: the body's test where AVX-VNNI is missing.
#[cfg(target_arch = "x86_64")]
static BY_VL: [&Descriptor; 1] = {
    use super::super::direct::DirectTiles;
    use super::super::layout::Layout;
    use super::super::tile::GemmTile;
    use crate::arch::{Avx512Vnni, AvxVnniByVl};
    [&Descriptor {
        isa: Isa::Avx512Vnni,
        method: &DirectTiles {
            name: KernelName { isa: Isa::Avx512Vnni, depth: 4 },
            layout: Layout::side_by_side(4),
            tiles: &[heights!(AvxVnniByVl: GemmTile<_, 1>; 1 2 3 4 5 6)],
            unpaired_tiles: &[],
        },
        row_sums: Avx512Vnni::enter::<RowSums>,
        float_depth: AvxVnniByVl::FLOAT_DEPTH,
    }]
};

/// Tiles that share widenings, which portable code has no use for: the test of their packing on every machine.
static WIDENING: [&Descriptor; 1] = [&Descriptor {
    isa: Isa::Scalar,
    method: &WideningTiles {
        name: KernelName { isa: Isa::Scalar, depth: 4 },
        tiles: heights!(Scalar: WideningTile<_>; 1 2 3 4),
        packer: packer!(Scalar),
    },
    row_sums: Scalar::enter::<RowSums>,
    float_depth: Scalar::FLOAT_DEPTH,
}];
