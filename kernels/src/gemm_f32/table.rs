//! The kernel table.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::tile::{FusedTile, TileFn};
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(crate) const FAMILY: &str = "convolution of float32";

/// Tiles of so many panels.
pub(super) struct Tiles {
    pub(super) panels: usize,
    /// Those of 1, 2, ... rows.
    pub(super) by_rows: &'static [TileFn],
}

/// The tiles of one instruction set.
pub(super) struct Descriptor {
    pub(super) isa: Isa,
    pub(super) name: &'static str,
    /// The most panels first. Those of fewer rows than the last one are for few pixels: with less to do between one
    /// product of a sum and the next, more sums side by side keep the instruction busy.
    pub(super) tiles: &'static [Tiles],
    /// Panels of a tile of most rows.
    pub(super) panels: usize,
    /// Products that take well less than a millisecond.
    pub(super) most_work: u64,
}

impl Descriptor {
    /// Rows of the highest tile.
    pub(super) fn most_rows(&self) -> usize {
        self.tiles.last().map_or(1, |tiles| tiles.by_rows.len())
    }

    /// The tiles for so many rows where so many panels are left.
    pub(super) fn tiles_for(&self, rows: usize, panels: usize) -> &'static Tiles {
        let suits = |tiles: &&Tiles| {
            tiles.panels <= panels && (rows <= tiles.by_rows.len() || tiles.by_rows.len() == self.most_rows())
        };
        self.tiles.iter().find(suits).expect("every table ends with tiles of one panel and most rows")
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// The entry points of tiles of so many panels and registers, of 1, 2, ... rows.
macro_rules! tiles {
    ($isa:ident: $panels:literal panels, $registers:literal registers; $($rows:literal)+) => {
        Tiles { panels: $panels, by_rows: &[$($isa::enter::<FusedTile<$rows, $registers>>),+] }
    };
}

/// Tiles of every instruction set of this build, best first; names have the rows and columns of a tile of most rows.
pub(super) static KERNELS: &[&Descriptor] = table![
    x86_64:
        // 32 registers: 28 sums, two of weights, an activation.
        Descriptor {
            isa: Isa::Avx512Vnni,
            name: "gemm_f32_avx512vnni_14x32",
            tiles: &[
                tiles!(Avx512Vnni: 8 panels, 8 registers; 1 2),
                tiles!(Avx512Vnni: 4 panels, 4 registers; 1 2 3 4 5),
                tiles!(Avx512Vnni: 2 panels, 2 registers; 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
                tiles!(Avx512Vnni: 1 panels, 1 registers; 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
            ],
            panels: 2,
            most_work: 20 << 20,
        },
        // 16 registers: twelve sums, two of weights, an activation.
        Descriptor {
            isa: Isa::Avx2,
            name: "gemm_f32_avx2_6x16",
            tiles: &[
                tiles!(Avx2: 5 panels, 10 registers; 1),
                tiles!(Avx2: 2 panels, 4 registers; 1 2 3),
                tiles!(Avx2: 1 panels, 2 registers; 1 2 3 4 5 6),
            ],
            panels: 1,
            most_work: 10 << 20,
        },
        Descriptor {
            isa: Isa::Sse41,
            name: "gemm_f32_sse41_2x16",
            tiles: &[tiles!(Sse41: 1 panels, 4 registers; 1 2)],
            panels: 1,
            most_work: 1 << 20,
        };
    aarch64:
        // 32 registers: 24 sums, four of weights, an activation.
        Descriptor {
            isa: Isa::Neon,
            name: "gemm_f32_neon_6x16",
            tiles: &[
                tiles!(Neon: 4 panels, 16 registers; 1),
                tiles!(Neon: 2 panels, 8 registers; 1 2),
                tiles!(Neon: 1 panels, 4 registers; 1 2 3 4 5 6),
            ],
            panels: 1,
            most_work: 4 << 20,
        };
    any:
        Descriptor {
            isa: Isa::Scalar,
            name: "gemm_f32_scalar_2x16",
            tiles: &[tiles!(Scalar: 1 panels, 4 registers; 1 2)],
            panels: 1,
            most_work: 1 << 20,
        }
];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
