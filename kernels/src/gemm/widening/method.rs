//! The method, and the loop around its tiles.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::halves::HalvesPacker;
use super::pack::WideningPack;
use super::tile::{WideningCall, WideningTileFn};
use crate::gemm::block::Block;
use crate::gemm::facts::Facts;
use crate::gemm::geometry::Geometry;
use crate::gemm::layout::Layout;
use crate::gemm::method::{MainWork, Method, Packed, PackedWeights};
use crate::gemm::pack::PanelSource;
use crate::gemm::shape::{KernelName, KernelShape};
use crate::gemm::spec::ConvSpec;
use crate::gemm::statistics::ConvStatistics;
use crate::kernel_id::KernelId;
use crate::memory::Line;
use crate::packed::{Packing, Unfit};

/// Tiles of one panel whose lines share widenings.
pub(crate) struct WideningTiles {
    pub(crate) name: KernelName,
    /// Those of 1, 2, ... rows.
    pub(crate) tiles: &'static [WideningTileFn],
    /// Packs for all of them.
    pub(crate) packer: HalvesPacker,
}

impl WideningTiles {
    fn tallest(&self) -> KernelId {
        self.name.of(KernelShape { rows: self.tiles.len(), panels: 1 })
    }
}

impl Method for WideningTiles {
    fn layout(&self) -> Layout {
        Layout::side_by_side(4)
    }

    fn suits(&self, spec: &ConvSpec<'_>) -> bool {
        WideningPack::suits(spec)
    }

    fn kernels(&self) -> Vec<KernelId> {
        vec![self.tallest()]
    }

    fn main_kernel(&self, _work: MainWork) -> KernelId {
        self.tallest()
    }

    fn max_panels(&self) -> usize {
        1
    }

    fn row_quantum(&self) -> usize {
        self.tiles.len()
    }

    /// Tiles are narrow, so many passes of a block go over a panel's weights, and each is one stream.
    fn wants_few_passes(&self) -> bool {
        true
    }

    fn most_work(&self) -> u64 {
        1 << 20
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
        let pack = WideningPack::new(spec, geometry, (&panels, self.packer), packing)?;
        Ok(Packed { panels, outliers, weights: Box::new(WideningWeights { tiles: self.tiles, pack }) })
    }
}

/// Packed half lines, with the tiles that take them.
struct WideningWeights {
    tiles: &'static [WideningTileFn],
    pack: WideningPack,
}

impl PackedWeights for WideningWeights {
    fn bytes(&self) -> usize {
        self.pack.bytes()
    }

    fn describe(&self, statistics: &mut ConvStatistics) {
        statistics.widening = self.pack.statistics();
    }

    unsafe fn run(&self, block: &Block<'_>, _workspace: &mut [Line]) {
        let count = block.rows.len().div_ceil(self.tiles.len());
        let at = |tile: usize| block.rows.len() * tile / count;
        for &group in block.groups {
            // Only rows differ from tile to tile, as in the direct method.
            let mut call = WideningCall {
                rows: &[],
                panel: self.pack.panel(block.class_index, group.first),
                bias: &block.bias[group.first],
                epilogue: block.epilogue(group, 0..0),
            };
            for tile in 0..count {
                let range = at(tile)..at(tile + 1);
                call.rows = &block.rows[range.clone()];
                block.epilogue_rows(&mut call.epilogue, range.clone());
                // SAFETY: the caller's promise; the panel is that of the block's class.
                unsafe { self.tiles[range.len() - 1](&call) }
            }
        }
    }
}
