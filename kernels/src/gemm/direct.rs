//! The method of tiles that take lines of weights as they lie.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::block::Block;
use super::facts::Facts;
use super::geometry::Geometry;
use super::layout::Layout;
use super::method::{MainWork, Method, Packed, PackedWeights};
use super::pack::PanelSource;
use super::panel_epilogue::PanelGroup;
use super::panel_lines::{Lines, LinesCount, PanelLines};
use super::shape::{KernelName, KernelShape, MAX_ROWS};
use super::spec::ConvSpec;
use super::statistics::ConvStatistics;
use super::tile::{Tile, TileFn};
use crate::kernel_id::KernelId;
use crate::memory::Line;
use crate::packed::{Packing, Unfit};

/// Tiles of 1, 2, ... panels; of each, those of 1, 2, ... rows.
pub(crate) type Tiles = &'static [&'static [TileFn]];

/// Rows that blocks of tiles are a multiple of.
const ROW_QUANTUM: usize = 12;

/// The tiles of an instruction set.
pub(crate) struct DirectTiles {
    pub(crate) name: KernelName,
    /// How the tiles want the weights.
    pub(crate) layout: Layout,
    pub(crate) tiles: Tiles,
    /// The same for weights whose pair sums do not fit 16 bits ([`Layout::overflows`]); empty where all do.
    pub(crate) unpaired_tiles: Tiles,
}

impl DirectTiles {
    /// The tallest tile of so many panels.
    pub(crate) fn tallest(&self, panels: usize) -> KernelId {
        self.name.of(KernelShape { rows: self.tiles[panels - 1].len(), panels })
    }
}

impl Method for DirectTiles {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn kernels(&self) -> Vec<KernelId> {
        (1..=self.tiles.len()).map(|panels| self.tallest(panels)).collect()
    }

    fn main_kernel(&self, work: MainWork) -> KernelId {
        self.tallest(work.panels)
    }

    fn max_panels(&self) -> usize {
        self.tiles.len()
    }

    fn row_quantum(&self) -> usize {
        ROW_QUANTUM
    }

    /// Packs once more without weights of -128 where those are more than the tiles want.
    fn pack(
        &'static self,
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        sources: &[PanelSource],
        packing: &mut Packing,
    ) -> Result<Packed, Unfit> {
        let classes = geometry.classes.len();
        let from_least = |least| Facts::of_weights(spec, least, classes, sources);
        // Whether pair sums fit is seen in the packed lines.
        let overflows = |facts: &Facts| {
            if !facts.panels.iter().any(|panel| panel.holds_least(spec)) {
                return false;
            }
            let mut lines = vec![Line::ZERO; PanelLines::count(geometry, sources.len())];
            PanelLines::pack(spec, geometry, &facts.panels, &mut lines);
            self.layout.overflows(&lines)
        };
        let find = || {
            let facts = from_least(-128);
            if !self.layout.adds_pairs() || !overflows(&facts) {
                return facts;
            }
            let facts = from_least(-127);
            Facts { pair_sums_fit: !overflows(&facts), ..facts }
        };
        let facts = Facts::new(spec, sources, classes, packing, find)?;
        let count = LinesCount { panels: sources.len(), slack: 0 };
        let lines = PanelLines::new(geometry, self.layout, count, packing, |lines| {
            PanelLines::pack(spec, geometry, &facts.panels, lines);
        })?;
        let Facts { pair_sums_fit, panels, outliers } = facts;
        // Only layouts whose pairs may leave 16 bits have other tiles.
        let unpaired = !pair_sums_fit && !self.unpaired_tiles.is_empty();
        let tiles = if unpaired { self.unpaired_tiles } else { self.tiles };
        Ok(Packed { panels, outliers, weights: Box::new(DirectWeights { tiles, lines, pair_sums_fit }) })
    }
}

/// Packed lines, with the tiles for these weights.
struct DirectWeights {
    tiles: Tiles,
    lines: PanelLines,
    pair_sums_fit: bool,
}

impl PackedWeights for DirectWeights {
    fn bytes(&self) -> usize {
        self.lines.bytes()
    }

    fn describe(&self, statistics: &mut ConvStatistics) {
        statistics.pair_sums_fit = self.pair_sums_fit;
    }

    unsafe fn run(&self, block: &Block<'_>, _workspace: &mut [Line]) {
        // SAFETY: the caller's promise.
        unsafe { run(self.tiles, block, self.lines.of_order(block.class.order)) }
    }
}

/// Computes a block tile by tile.
///
/// # Safety
/// As [`PackedWeights::run`], with the lines of the class's order.
pub(crate) unsafe fn run(tiles: Tiles, block: &Block<'_>, weights: Lines<'_>) {
    for &group in block.groups {
        // SAFETY: the caller's promise.
        unsafe { run_group(tiles[group.panels - 1], block, group, weights) }
    }
}

/// Runs the tiles of one panel group over a block of rows.
///
/// # Safety
/// As [`run`].
unsafe fn run_group(tiles: &[TileFn], block: &Block<'_>, group: PanelGroup, weights: Lines<'_>) {
    let panels = group.first..group.first + group.panels;
    let Lines { lines, panel_lines } = weights;
    let count = block.rows.len().div_ceil(tiles.len());
    let at = |tile: usize| block.rows.len() * tile / count;
    // Only rows differ from tile to tile: to build and copy a whole description for each costs as much as
    // several rows of a short window.
    let mut call = Tile {
        rows: &[],
        segments: &block.class.segments,
        weights: &lines[panels.start * panel_lines..panels.end * panel_lines],
        panel_lines,
        bias: &block.bias[panels],
        epilogue: block.epilogue(group, 0..0),
    };
    for tile in 0..count {
        let range = at(tile)..at(tile + 1);
        call.rows = &block.rows[range.clone()];
        block.epilogue_rows(&mut call.epilogue, range.clone());
        debug_assert!(range.len() <= MAX_ROWS);
        // SAFETY: the caller's promise.
        unsafe { tiles[range.len() - 1](&call) }
    }
}
