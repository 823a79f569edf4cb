//! The method of block kernels, with the tiles that small blocks go to.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::Cell;

use super::block::Block;
use super::block_kernel::{BlockCall, BlockFn, WorkspaceFn};
use super::class::Class;
use super::direct::{self, DirectTiles};
use super::facts::Facts;
use super::geometry::Geometry;
use super::layout::Layout;
use super::method::{MainWork, Method, Packed, PackedWeights};
use super::pack::PanelSource;
use super::panel_lines::{LinesCount, PanelLines};
use super::panel_ranges::{PanelRange, panel_ranges};
use super::shape::{KernelName, KernelShape};
use super::spec::ConvSpec;
use super::statistics::ConvStatistics;
use crate::kernel_id::KernelId;
use crate::memory::Line;
use crate::packed::{Packing, Unfit};

/// A block kernel.
pub(crate) struct Blocks {
    pub(crate) name: KernelName,
    /// How it wants the weights.
    pub(crate) layout: Layout,
    /// Rows and panels that it computes together.
    pub(crate) shape: KernelShape,
    /// Whether it copies the whole K of every row, so that a block's copies should stay in the first-level cache.
    pub(crate) copies_rows: bool,
    /// Lines past the last panel that it may read; they meet activations of 0.
    pub(crate) slack_lines: usize,
    pub(crate) workspace_lines: WorkspaceFn,
    pub(crate) run: BlockFn,
    /// The smallest block that it suits.
    pub(crate) least: LeastBlock,
    /// What smaller blocks go to: tiles that want weights in its layout.
    pub(crate) tiles: Option<&'static DirectTiles>,
}

/// What a block has at least.
pub(crate) struct LeastBlock {
    pub(crate) rows: usize,
    /// Lines of K.
    pub(crate) lines: usize,
    /// Lines of all panels.
    pub(crate) panel_lines: usize,
}

impl Blocks {
    /// The tiles for a block of `rows` by `panels` by `lines` of K, where they are the faster way.
    fn tiles_for(&self, rows: usize, panels: usize, lines: usize) -> Option<&'static DirectTiles> {
        let least = &self.least;
        let suits = rows >= least.rows && lines >= least.lines && panels * lines >= least.panel_lines;
        if suits { None } else { self.tiles }
    }

    fn of_panels(&self, panels: usize) -> KernelId {
        self.name.of(KernelShape { panels, ..self.shape })
    }
}

impl Method for Blocks {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn kernels(&self) -> Vec<KernelId> {
        (1..=self.shape.panels).map(|panels| self.of_panels(panels)).collect()
    }

    fn main_kernel(&self, work: MainWork) -> KernelId {
        match self.tiles_for(work.rows, work.all_panels, work.lines) {
            Some(tiles) => tiles.tallest(work.panels),
            None => self.of_panels(work.panels),
        }
    }

    fn max_panels(&self) -> usize {
        self.shape.panels
    }

    fn row_quantum(&self) -> usize {
        self.shape.rows
    }

    fn copies_rows(&self) -> bool {
        self.copies_rows
    }

    /// The matrix products of 64 bytes do several times the work of vectors, and to begin a task costs more.
    fn most_work(&self) -> u64 {
        if self.copies_rows { 1 << 21 } else { 1 << 23 }
    }

    fn pack(
        &'static self,
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        sources: &[PanelSource],
        packing: &mut Packing,
    ) -> Result<Packed, Unfit> {
        let classes = geometry.classes.len();
        let find = || Facts::of_weights(spec, -128, classes, sources);
        let Facts { panels, outliers, .. } = Facts::new(spec, sources, classes, packing, find)?;
        let count = LinesCount { panels: panels.len(), slack: self.slack_lines };
        let lines = PanelLines::new(geometry, self.layout, count, packing, |lines| {
            PanelLines::pack(spec, geometry, &panels, lines);
        })?;
        let weights = Box::new(BlockWeights {
            method: self,
            lines,
            panels: panels.len(),
            ranges: geometry.classes.iter().map(|class| panel_ranges(&class.segments)).collect(),
            #[cfg(target_arch = "x86_64")]
            whole_tiles: geometry.classes.iter().map(|class| whole_tiles(spec, geometry, class)).collect(),
        });
        Ok(Packed { panels, outliers, weights })
    }
}

/// Packed lines for a block kernel.
struct BlockWeights {
    method: &'static Blocks,
    lines: PanelLines,
    panels: usize,
    /// Of each class.
    ranges: Vec<Vec<PanelRange>>,
    /// As [`BlockCall::whole_tiles`], of each class.
    #[cfg(target_arch = "x86_64")]
    whole_tiles: Vec<bool>,
}

/// Whether each segment of a class is whole tiles of weights, filled up with zeros at most. What the filling meets is
/// the image's own: the next pixels, or what is behind the last.
#[cfg(target_arch = "x86_64")]
fn whole_tiles(spec: &ConvSpec<'_>, geometry: &Geometry, class: &Class) -> bool {
    let order = &geometry.orders[class.order];
    let (tile, segment_lines, pitch) = (order.layout.tile_lines(), order.segment_lines(), order.segment_pitch());
    let own = spec.groups == 1 && spec.input.pixel_stride == spec.input.channels;
    class.segments.iter().all(|segment| {
        let (first, lines) = (segment.line as usize % pitch, segment.steps());
        let ends = first + lines == segment_lines && first + lines.next_multiple_of(tile) <= pitch;
        lines.is_multiple_of(tile) || (own && ends)
    })
}

impl PackedWeights for BlockWeights {
    fn bytes(&self) -> usize {
        self.lines.bytes()
    }

    fn describe(&self, _statistics: &mut ConvStatistics) {}

    fn workspace_lines(&self, geometry: &Geometry, block_rows: usize) -> usize {
        let of_class = |(class, ranges): (&Class, &Vec<PanelRange>)| {
            let rows = geometry.rows(class).min(block_rows);
            // Blocks of fewer rows or panels need less, or are the tiles'.
            match self.method.tiles_for(rows, self.panels, class.steps()) {
                Some(_) => 0,
                None => (self.method.workspace_lines)(ranges, rows),
            }
        };
        geometry.classes.iter().zip(&self.ranges).map(of_class).max().unwrap_or(0)
    }

    unsafe fn run(&self, block: &Block<'_>, workspace: &mut [Line]) {
        let weights = self.lines.of_order(block.class.order);
        let all_panels = block.groups.iter().map(|group| group.panels).sum();
        match self.method.tiles_for(block.rows.len(), all_panels, block.class.steps()) {
            // SAFETY: the caller's promise; the tiles' instruction set is one that the method's includes.
            Some(tiles) => unsafe { direct::run(tiles.tiles, block, weights) },
            None => {
                let ranges = &self.ranges[block.class_index];
                let call = BlockCall {
                    block,
                    ranges,
                    #[cfg(target_arch = "x86_64")]
                    whole_tiles: self.whole_tiles[block.class_index],
                    weights,
                    workspace: Cell::new(workspace),
                };
                // SAFETY: the caller's promise; the workspace is as large as `workspace_lines` says.
                unsafe { (self.method.run)(&call) }
            }
        }
    }
}
