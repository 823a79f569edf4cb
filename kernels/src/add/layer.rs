//! A prepared addition and the loop around its tiles.

use super::fit::fit;
use super::mix_tile::MixTile;
use super::tile::{LEFT_SHIFT, Tile, TileFn};
use super::{AddSpec, Descriptor, MixKernel, Operand};
use crate::arch::{FusedAddScale, LANES};
use crate::bound::Bound;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::{Run, Walk};
use crate::quantization::{Multiplier, OutputRange, Requantize};
use crate::requantize::Requantizer;

/// Elementary steps of one element.
const WORK: usize = 4;

/// An addition, ready to run. The operands that are no constants are its inputs, in order.
pub struct Add {
    bound: Bound<Descriptor>,
    walk: Walk,
    operands: [Operand; 2],
    tile: TileFn,
    requantizer: Requantizer,
    /// The addition as one weighed sum, and its least and greatest output.
    mix: Option<(&'static MixKernel, FusedAddScale, [u8; 2])>,
}

impl Add {
    pub(super) fn new(bound: Bound<Descriptor>, spec: &AddSpec) -> Self {
        assert!(spec.pairs.bytes == 1, "elements of {} bytes", spec.pairs.bytes);
        for operand in spec.operands {
            assert!(
                (-31..=0).contains(&operand.multiplier.shift),
                "an operand's shift is {}",
                operand.multiplier.shift
            );
            assert!((-128..=255).contains(&operand.zero), "an operand's zero point is {}", operand.zero);
        }
        assert!((-31..=0).contains(&spec.multiplier.shift), "the output's shift is {}", spec.multiplier.shift);
        let [first, second] = spec.operands.map(|operand| usize::from(operand.multiplier == Multiplier::HALF));
        let range = OutputRange {
            zero: spec.output_zero,
            min: spec.output_min,
            max: spec.output_max,
            offset: spec.output_offset,
        };
        // Multipliers are below one, so operands keep at most their magnitude and the headroom.
        let largest_sum = 2 * (383i64 << LEFT_SHIFT);
        let clamp = [spec.output_min as u8, spec.output_max as u8];
        let storage = bound.descriptor().isa.storage();
        let mix = bound.descriptor().mix.as_ref().and_then(|kernel| Some((kernel, fit(spec, storage)?, clamp)));
        let width = mix.map_or(LANES, |(kernel, ..)| kernel.width);
        Self {
            bound,
            walk: Walk::new(&spec.pairs, WORK, width),
            operands: spec.operands,
            tile: bound.descriptor().tiles[usize::from(spec.subtract)][2 * first + second],
            requantizer: Requantizer::new(Requantize::Fixed(&[spec.multiplier]), range, 0..LANES, largest_sum),
            mix,
        }
    }

    /// Adds the elements of a run.
    ///
    /// # Safety
    /// As [`TileFn`] or, where there is one, the mix's tile.
    unsafe fn run_run(&self, run: &Run) {
        if let Some((kernel, weights, clamp)) = &self.mix {
            // SAFETY: the bound descriptor proves the CPU feature; the caller's promise.
            return unsafe { (kernel.tile)(&MixTile { run, weights, clamp: *clamp }) };
        }
        // SAFETY: as above.
        unsafe { (self.tile)(&Tile { run, operands: &self.operands, requantizer: &self.requantizer }) }
    }
}

impl Layer for Add {
    fn kernel(&self) -> KernelId {
        let name = self.mix.map_or(self.bound.descriptor().name, |(kernel, ..)| kernel.name);
        self.bound.kernel(super::FAMILY, name)
    }

    fn tasks(&self) -> usize {
        self.walk.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.walk.constant_bytes()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        // SAFETY: the caller's promise; the walk was made for the tile's width, so each run is as the tile wants it.
        unsafe { self.walk.run(task, (inputs, outputs), |run| self.run_run(run)) }
        Ok(())
    }
}
