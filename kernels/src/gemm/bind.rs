//! The kernel table, and which tile shapes a layer gets.

use std::borrow::Cow;

use super::join::JOINED_ROWS;
use super::layout::Layout;
use super::tile::{Block, MAX_PANELS, Segment, TileFn};
use crate::arch::LANES;
use crate::bound::{Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// Σx of rows; see [`super::tile::row_sums`].
pub(crate) type RowSumsFn = unsafe fn(&[*const u8], &[Segment], &mut [i32]);

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "convolution";

/// The tiles of one instruction set.
pub(crate) struct Descriptor {
    pub(crate) isa: Isa,
    /// Operand types, as kernel names have them.
    pub(crate) operands: &'static str,
    /// How the tiles want the weights.
    pub(crate) layout: Layout,
    /// Tiles of 1, 2, ... panels; of each, those of 1, 2, ... rows.
    pub(crate) tiles: &'static [&'static [TileFn]],
    /// The same for weights that [`Layout::overflows`]; empty where none do.
    pub(crate) careful_tiles: &'static [&'static [TileFn]],
    pub(crate) row_sums: RowSumsFn,
    /// Whether the tiles take joined lines; see [`super::streams`].
    pub(crate) joins_lines: bool,
    /// How whole blocks of rows are computed where tiles are not the only way.
    pub(crate) block: Option<BlockKernel>,
}

/// A kernel that takes a block of rows times several panel groups in one call.
pub(crate) struct BlockKernel {
    /// Rows and panels that it computes together.
    pub(crate) shape: TileShape,
    /// Blocks of fewer rows, of fewer lines of K, or of fewer lines of all panels go to the tiles.
    pub(crate) least_rows: usize,
    pub(crate) least_lines: usize,
    pub(crate) least_panel_lines: usize,
    /// The instruction set of the tiles.
    pub(crate) tile_isa: Isa,
    /// Whether it copies the whole K of every row, so that a block's copies should stay in the first-level cache.
    pub(crate) copies: bool,
    /// Lines past the last panel that it may read; they meet activations of 0.
    pub(crate) slack_lines: usize,
    pub(crate) run: unsafe fn(&Block<'_>),
}

impl BlockKernel {
    /// Whether it is the faster way for a block of `rows` by `panels` by `lines` of K.
    pub(crate) fn suits(&self, rows: usize, panels: usize, lines: usize) -> bool {
        rows >= self.least_rows && lines >= self.least_lines && panels * lines >= self.least_panel_lines
    }
}

/// Rows and panels of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TileShape {
    /// Output pixels, MR.
    pub(crate) rows: usize,
    /// Panels of sixteen channels, NR / 16.
    pub(crate) panels: usize,
}

/// Tiles of every instruction set of this build, best first.
pub(super) static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &super::amx::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avx512vnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avxvnni::TILES,
    #[cfg(target_arch = "x86_64")]
    &super::avx2::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::i8mm::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::dotprod::TILES,
    #[cfg(target_arch = "aarch64")]
    &super::neon::TILES,
    &super::scalar::TILES,
];

impl Descriptor {
    /// The tallest tile for each number of panels, narrowest first.
    fn shapes(&self) -> impl Iterator<Item = TileShape> {
        let block_rows = self.block.as_ref().map(|block| block.shape.rows);
        let rows = move |tiles: &&[TileFn]| block_rows.unwrap_or(tiles.len());
        self.tiles.iter().enumerate().map(move |(i, tiles)| TileShape { rows: rows(tiles), panels: i + 1 })
    }

    /// The name of a tile, e.g. `gemm_u8s8_avx512vnni_6x64k4`.
    fn name(&self, shape: TileShape) -> String {
        name(self.operands, self.isa, shape)
    }

    /// The name of the kernel that does most of a layer's work: its widest panel group has `panels` of
    /// `all_panels`,
    /// its largest border class `rows` by `lines` of K.
    pub(crate) fn main_kernel(&self, panels: usize, all_panels: usize, rows: usize, lines: usize) -> KernelId {
        let (isa, shape) = match &self.block {
            Some(block) if block.suits(rows, all_panels, lines) => (self.isa, TileShape { panels, ..block.shape }),
            block => {
                let isa = block.as_ref().map_or(self.isa, |block| block.tile_isa);
                (isa, TileShape { rows: self.tiles[panels - 1].len(), panels })
            }
        };
        KernelId::new(FAMILY, isa, name(self.operands, isa, shape))
    }

    /// Rows that blocks should be a multiple of: what the heights of all tiles divide well.
    pub(crate) fn row_quantum(&self) -> usize {
        match &self.block {
            Some(block) => block.shape.rows,
            None if self.joins_lines => JOINED_ROWS,
            None => 12,
        }
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

/// The name of a kernel: operands, instruction set, rows by columns, k of a step.
fn name(operands: &str, isa: Isa, shape: TileShape) -> String {
    let depth = match isa {
        Isa::Amx => 64,
        Isa::I8mm => 8,
        Isa::Neon => 16,
        _ => 4,
    };
    format!("gemm_{operands}_{isa}_{}x{}k{depth}", shape.rows, shape.panels * LANES)
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.shapes().map(|shape| self.name(shape).into()).collect()
    }
}
