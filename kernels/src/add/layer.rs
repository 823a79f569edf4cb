//! A prepared addition and the loop around its tiles.

use super::fit::fit;
use super::fused_tile::FusedTile;
use super::spec::{AddSpec, Operand};
use super::table::{Descriptor, FAMILY, FusedKernel, KERNELS};
use super::tile::{LEFT_SHIFT, Tile, TileFn};
use crate::arch::{FusedAddScale, LANES};
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::{PairRun, PairRuns};
use crate::quantization::{Multiplier, OutputRange, Requantize};
use crate::requantize::Requantizer;

/// Elementary steps of one element.
const WORK: usize = 4;

/// An addition, ready to run. The operands that are no constants are its inputs, in order.
pub struct Add {
    bound: Bound<Descriptor>,
    runs: PairRuns,
    operands: [Operand; 2],
    tile: TileFn,
    requantizer: Requantizer,
    /// The addition as one fused scaled add, and its least and greatest output.
    fused: Option<(&'static FusedKernel, FusedAddScale, [u8; 2])>,
}

/// Prepares an addition for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a multiplier with a left shift, a zero point that is no stored value.
pub fn prepare(isa: Isa, spec: &AddSpec) -> Add {
    Add::new(Bound::new(KERNELS, isa), spec)
}

impl Add {
    fn new(bound: Bound<Descriptor>, spec: &AddSpec) -> Self {
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
        let fused = fit(spec, storage).map(|weights| (&bound.descriptor().fused, weights, clamp));
        let width = fused.map_or(LANES, |(kernel, ..)| kernel.width);
        Self {
            bound,
            runs: PairRuns::new(&spec.pairs, WORK, width),
            operands: spec.operands,
            tile: bound.descriptor().tiles[usize::from(spec.subtract)][2 * first + second],
            requantizer: Requantizer::new(Requantize::Fixed(&[spec.multiplier]), range, 0..LANES, largest_sum),
            fused,
        }
    }

    /// Adds the elements of a run.
    ///
    /// # Safety
    /// As [`TileFn`] or, where there is one, that of the fused kernel.
    unsafe fn run_run(&self, run: &PairRun) {
        if let Some((kernel, weights, clamp)) = &self.fused {
            // SAFETY: the bound descriptor proves the CPU feature; the caller's promise.
            return unsafe { (kernel.tile)(&FusedTile { run, weights, clamp: *clamp }) };
        }
        // SAFETY: as above.
        unsafe { (self.tile)(&Tile { run, operands: &self.operands, requantizer: &self.requantizer }) }
    }
}

impl Layer for Add {
    fn kernel(&self) -> KernelId {
        let name = self.fused.map_or(self.bound.descriptor().name, |(kernel, ..)| kernel.name);
        self.bound.kernel(FAMILY, name)
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
        // SAFETY: the caller's promise; the runs were made for the tile's width, so each run is as the tile wants it.
        unsafe { self.runs.run(task, (inputs, outputs), |run| self.run_run(run)) }
        Ok(())
    }
}
