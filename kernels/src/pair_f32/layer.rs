//! A prepared layer of two float32 tensors and the loop around its tiles.

use super::spec::PairF32Spec;
use super::table::{Descriptor, FAMILY, KERNELS};
use super::tile::{Tile, TileFn};
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::PairRuns;

/// Arithmetic of two float32 tensors, ready to run. The operands that are no constants are its inputs, in order.
pub struct PairF32 {
    bound: Bound<Descriptor>,
    runs: PairRuns,
    tile: TileFn,
    range: [f32; 2],
}

/// Prepares a layer of two float32 tensors for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, elements have not four bytes, or both operands repeat along the innermost dimension.
pub fn prepare(isa: Isa, spec: &PairF32Spec) -> PairF32 {
    assert!(spec.pairs.bytes == 4, "elements of {} bytes", spec.pairs.bytes);
    let bound = Bound::new(KERNELS, isa);
    let Descriptor { tiles, width, .. } = bound.descriptor();
    let tile = tiles[spec.function as usize];
    PairF32 { bound, runs: PairRuns::new(&spec.pairs, 1, *width), tile, range: spec.range }
}

impl Layer for PairF32 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.runs.constant_bytes()
    }

    fn may_overwrite(&self, input: usize) -> bool {
        self.runs.may_overwrite(input)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        let (tile, range) = (self.tile, self.range);
        // SAFETY: the bound descriptor proves the CPU feature. The caller's promise; the runs were made for the
        // tile's width, so each run is as the tile wants it.
        unsafe { self.runs.run(task, (inputs, outputs), |run| tile(&Tile { run, range })) }
        Ok(())
    }
}
