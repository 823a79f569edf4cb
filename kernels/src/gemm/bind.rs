//! The kernel table, and which tile shapes a layer gets.

use super::tile::{MAX_PANELS, Segment, TileFn};
use crate::arch::LANES;
use crate::bound::Described;
use crate::isa::Isa;

/// Σx of rows; see [`super::tile::row_sums`].
pub(crate) type RowSumsFn = unsafe fn(&[*const u8], &[Segment], &mut [i32]);

/// The tiles of one instruction set.
pub struct Descriptor {
    pub(crate) isa: Isa,
    /// Operand types, as kernel names have them.
    pub(crate) operands: &'static str,
    /// Tiles of 1, 2, ... panels; of each, those of 1, 2, ... rows.
    pub(crate) tiles: &'static [&'static [TileFn]],
    pub(crate) row_sums: RowSumsFn,
    /// Whether weights must be split until every pair is safe for 16-bit sums.
    pub(crate) splits_pairs: bool,
}

/// Rows and panels of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileShape {
    /// Output pixels, MR.
    pub rows: usize,
    /// Panels of sixteen channels, NR / 16.
    pub panels: usize,
}

/// Tiles of every instruction set of this build, best first.
pub static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &super::avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::neon::TILES,
    &super::scalar::TILES,
];

impl Descriptor {
    /// The instruction set that the tiles need.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The tallest tile for each number of panels, narrowest first.
    pub fn shapes(&self) -> impl Iterator<Item = TileShape> {
        self.tiles.iter().enumerate().map(|(i, rows)| TileShape { rows: rows.len(), panels: i + 1 })
    }

    /// The name of a tile, e.g. `gemm_u8s8_avx512vnni_6x64k4`.
    pub fn name(&self, shape: TileShape) -> String {
        format!("gemm_{}_{}_{}x{}k4", self.operands, self.isa, shape.rows, shape.panels * LANES)
    }

    /// Splits a number of panels into tile widths.
    ///
    /// Wide tiles load fewer activations for each dot product; a last narrow one would waste
    /// accumulators, so the panels are shared out evenly among as few tiles as possible.
    pub(crate) fn widths(&self, panels: usize) -> Vec<usize> {
        let widest = self.tiles.len().min(MAX_PANELS);
        let tiles = panels.div_ceil(widest);
        (0..tiles).map(|tile| panels * (tile + 1) / tiles - panels * tile / tiles).collect()
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }
}
