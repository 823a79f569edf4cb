//! A prepared multiplication and the loop around its tiles.

use super::spec::MulSpec;
use super::table::{FAMILY, KERNELS};
use super::tile::{Tile, TileFn};
use crate::arch::LANES;
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::PairRuns;
use crate::quantization::{OutputRange, Requantize};
use crate::requantize::Requantizer;

/// Elementary steps of one element.
const WORK: usize = 4;
/// Largest product of two centred bytes.
const LARGEST_PRODUCT: i64 = 255 * 255;

/// A multiplication, ready to run. The operands that are no constants are its inputs, in order.
pub struct Mul {
    bound: Bound<Entry<TileFn>>,
    runs: PairRuns,
    zeros: [i32; 2],
    requantizer: Requantizer,
}

/// Prepares a multiplication for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a zero point that is no stored
/// value, a shift that no multiplier has.
pub fn prepare(isa: Isa, spec: &MulSpec) -> Mul {
    Mul::new(Bound::new(KERNELS, isa), spec)
}

impl Mul {
    fn new(bound: Bound<Entry<TileFn>>, spec: &MulSpec) -> Self {
        assert!(spec.pairs.bytes == 1, "elements of {} bytes", spec.pairs.bytes);
        let (least, greatest) = bound.descriptor().isa.storage().range();
        for zero in spec.zeros {
            assert!((least..=greatest).contains(&zero), "an operand's zero point is {zero}");
        }
        let range = OutputRange {
            zero: spec.output_zero,
            min: spec.output_min,
            max: spec.output_max,
            offset: spec.output_offset,
        };
        Self {
            bound,
            runs: PairRuns::new(&spec.pairs, WORK, LANES),
            zeros: spec.zeros,
            requantizer: Requantizer::new(Requantize::Fixed(&[spec.multiplier]), range, 0..LANES, LARGEST_PRODUCT),
        }
    }
}

impl Layer for Mul {
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
        let (zeros, requantizer) = (self.zeros, &self.requantizer);
        let tile = self.bound.descriptor().run;
        // SAFETY: the bound descriptor proves the CPU feature. The caller's promise; the runs were made for the
        // tile's width, so each run is as the tile wants it.
        unsafe { self.runs.run(task, (inputs, outputs), |run| tile(&Tile { run, zeros, requantizer })) }
        Ok(())
    }
}
